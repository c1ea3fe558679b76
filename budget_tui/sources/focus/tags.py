"""SQL that takes one tag out of a row's tags, whatever they are written like.

Tags come as a JSON object (most providers) or as a JSON array of key and value (Google Cloud); maps, structs
and lists in Parquet are turned into that JSON first. Keys are compared ignoring case, and may stand behind a
prefix (`budget_tui.domain.cost.is_tag`); the plainest of several that fit is taken.
"""


def sql_text(text: str) -> str:
    """``text`` as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def tag_value(json_text: str, key: str) -> str:
    """The value of tag ``key`` (lower case) in the SQL expression ``json_text``; NULL when there is none.

    Nearly all rows are answered by the first, cheap look-up under the plain key. What is not JSON has no tags.
    """
    pointer = "/" + key.replace("~", "~0").replace("/", "~1")
    return f"""CASE WHEN {json_text} IS NOT NULL THEN coalesce(
        TRY(json_extract_string({json_text}, {sql_text(pointer)})),
        CASE WHEN contains(lower({json_text}), {sql_text(key)}) AND json_valid({json_text}) THEN
            CASE WHEN starts_with(ltrim({json_text}), '[') THEN {_in_array(json_text, key)}
            ELSE {_in_object(json_text, key)} END
        END) END"""


def _fits(name: str, key: str) -> str:
    folded = f"lower({name})"
    plain, behind_colon, behind_slash = sql_text(key), sql_text(f":{key}"), sql_text(f"/{key}")
    return f"({folded} = {plain} OR ends_with({folded}, {behind_colon}) OR ends_with({folded}, {behind_slash}))"


def _in_object(json_text: str, key: str) -> str:
    """Looks at every key of a JSON object; the smallest pair of (prefixed?, key) is the plainest."""
    pointer = "'/' || replace(replace(k, '~', '~0'), '/', '~1')"
    return f"""list_min([
        {{'prefixed': lower(k) <> {sql_text(key)}, 'key': k,
          'value': json_extract_string({json_text}, {pointer})}}
        for k in json_keys({json_text}) if {_fits("k", key)}]).value"""


def _in_array(json_text: str, key: str) -> str:
    """Looks at every element of a JSON array of ``{"key": …, "value": …}``."""
    name = "coalesce(json_extract_string(e, '/key'), json_extract_string(e, '/Key'))"
    value = "coalesce(json_extract_string(e, '/value'), json_extract_string(e, '/Value'))"
    return f"""list_min([
        {{'prefixed': lower({name}) <> {sql_text(key)}, 'key': {name}, 'value': {value}}}
        for e in from_json({json_text}, '["JSON"]') if {_fits(name, key)}]).value"""
