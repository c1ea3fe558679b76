"""The plan as YAML. What stands in a file is edited in place, so that its comments and its order stay.

Every scalar is read as the text that it is: a YAML loader would make floats of amounts, and dates of ids.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from budget_tui.domain.alerts import EACH_PROJECT, WATCHES_ALL, AlertKind, parse_thresholds, written_thresholds
from budget_tui.domain.amount import parse_count, parse_whole
from budget_tui.domain.audit import written
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.carry import parse_policy
from budget_tui.domain.cost import Category, parse_category, parse_rule_field, rule_value
from budget_tui.domain.errors import BudgetError, Refused, SourceError
from budget_tui.domain.plan_file import SECTIONS, Fields, Item, PlanFile, Section
from budget_tui.domain.text import parse_choice

HEADER = (
    "# The plan of {organization}: amounts in {currency}, without what was carried over.\n"
    "# budget-tui plan diff and plan apply compare it with what is stored, and with what was when it was exported.\n"
)
_HEAD = ("organization", "currency", "revision")
_DEEPEST = 4
_MAX_BYTES = 20_000_000


class Reader(NamedTuple):
    """Converters from what people write in a file to what is stored, by the rules of its organization."""

    currency: str
    """The currency of amounts that name none."""
    period: Callable[[str], str]
    """Converts a period to its first and last day."""
    provider: Callable[[str], str]
    """Converts the name of a provider, by any of its aliases, to its short one."""


@dataclass(slots=True)
class _Node:
    """A part of the text: a scalar with its ``value``, a mapping or a list, from ``start`` to ``end``."""

    kind: str
    start: int
    end: int = 0
    line: int = 0
    value: str = ""
    is_flow: bool = False
    keys: "list[_Node]" = field(default_factory=list)
    values: "list[_Node]" = field(default_factory=list)

    def get(self, name: str) -> "_Node | None":
        return next((value for key, value in zip(self.keys, self.values, strict=True) if key.value == name), None)


class _Part(NamedTuple):
    """An item of the text: its fields, its node, and where the lines that describe it begin."""

    item: Item
    fields: dict[str, str]
    node: _Node
    start: int


def load(path: Path) -> str:
    """Return the text of a plan file; raises `SourceError` if there is none."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise SourceError(f"{path} is no plan: it has more than {_MAX_BYTES:,} bytes")
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not UTF-8 (byte {error.start:,})", "save it as UTF-8") from None
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {(error.strerror or '').lower()}") from None


def read(text: str, name: str, reader: Reader) -> PlanFile:
    """Read the plan in ``text``, of the file ``name``; raises `SourceError` or `Refused` for what is none."""
    root = _parsed(text, name)
    head = {}
    for key, value in zip(root.keys, root.values, strict=True):
        if key.value in _HEAD:
            head[key.value] = _scalar(value, name)
        elif key.value not in SECTIONS:
            known = ", ".join([*_HEAD, *SECTIONS])
            raise SourceError(f"{name}:{key.line} has '{key.value}'", f"there are {known}")
    revision = head.get("revision", "")
    if revision and not (revision.isascii() and revision.isdigit()):
        raise SourceError(f"{name} has the revision '{revision}'", "leave it as it was exported")
    plan: dict[Item, Fields] = {}
    for part in _parts(root, name, reader):
        if part.item in plan:
            raise SourceError(f"{name}:{part.node.line} describes {part.item.shown} again", "describe it once")
        plan[part.item] = part.fields
    currency = head.get("currency") or reader.currency
    return PlanFile(head.get("organization", ""), currency, int(revision) if revision else None, plan)


def rendered(file: PlanFile, show_period: Callable[[str], str]) -> str:
    """Return a new file."""
    lines = [HEADER.format(organization=file.organization, currency=file.currency)]
    lines += [f"{name}: {_quoted(value)}\n" for name, value in _head(file).items()]
    for name in SECTIONS:
        items = [(item, fields) for item, fields in file.plan.items() if item.section == name]
        if items:
            lines.append(_section(name, items, file.currency, show_period))
    return "".join(lines)


def updated(text: str, name: str, file: PlanFile, reader: Reader, show_period: Callable[[str], str]) -> str:
    """Return ``text`` with what changed in ``file`` in its place: everything else stays as it is written."""
    root = _parsed(text, name)
    edits: list[tuple[int, int, str]] = []
    for key, value in _head(file).items():
        node = root.get(key)
        if node is None:
            edits.append((root.start, root.start, f"{key}: {_quoted(value)}\n"))
        elif node.value != value:
            edits.append((node.start, node.end, _quoted(value)))
    parts = {part.item: part for part in _parts(root, name, reader)}
    for part in parts.values():
        fields = file.plan.get(part.item)
        edits += [_lines_of(text, part.start, part.node.end)] if fields is None else _changes(text, part, fields)
    for section in SECTIONS:
        new = [(item, fields) for item, fields in file.plan.items() if item.section == section and item not in parts]
        staying = [part for part in parts.values() if part.item.section == section and part.item in file.plan]
        if not new:
            continue
        if root.get(section) is None:
            edits.append((len(text), len(text), _section(section, new, file.currency, show_period)))
            continue
        end, indent = _key_of(root, section).end, 2
        if staying:
            end, indent = staying[-1].node.end, _indent(text, staying[-1].start) - 2 * bool(SECTIONS[section].identity)
        at = _line_end(text, end)
        edits.append((at, at, "\n" + _items(section, new, file.currency, show_period, indent).rstrip("\n")))
    # From the end on; of several at one place, the last one first.
    for _, (start, end, replacement) in sorted(enumerate(edits), key=lambda each: (each[1][:2], each[0]), reverse=True):
        text = text[:start] + replacement + text[end:]
    return text


# Reading


def _parsed(text: str, name: str) -> _Node:
    """Parse the events of ``text``: loading objects would recurse as deep as the file nests, and crash."""
    import yaml

    root = _Node("map", 0)
    open_nodes: list[_Node] = []

    def add(node: _Node) -> None:
        if not open_nodes:
            root.keys, root.values, root.start, root.end = node.keys, node.values, node.start, node.end
            return
        above = open_nodes[-1]
        if above.kind == "list" or len(above.keys) > len(above.values):
            above.values.append(node)
        elif node.kind != "scalar":
            raise SourceError(f"{name}:{node.line} has a key that is no text", "write it as in an exported plan")
        elif any(key.value == node.value for key in above.keys):
            raise SourceError(f"{name}:{node.line} says '{node.value}' twice", "say it once")
        else:
            above.keys.append(node)

    try:
        for event in yaml.parse(text, Loader=yaml.BaseLoader):
            start, end, line = event.start_mark.index, event.end_mark.index, event.start_mark.line + 1
            match type(event).__name__:
                case "MappingStartEvent" | "SequenceStartEvent" as kind:
                    node = _Node("map" if kind[0] == "M" else "list", start, end, line, is_flow=bool(event.flow_style))
                    if len(open_nodes) >= _DEEPEST or (not open_nodes and node.kind == "list"):
                        raise SourceError(f"{name}:{line} is no plan", "write it as in an exported plan")
                    open_nodes.append(node)
                case "MappingEndEvent" | "SequenceEndEvent":
                    node = open_nodes.pop()
                    node.end = end if node.is_flow else _end_of(node)
                    add(node)
                case "ScalarEvent":
                    if not open_nodes and event.value:
                        raise SourceError(f"{name}:{line} is no plan", "write it as in an exported plan")
                    add(_Node("scalar", start, end, line, event.value))
                case "AliasEvent":
                    raise SourceError(f"{name}:{line} has an alias", "write it out")
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or "it holds control characters"
        raise SourceError(f"{name}{f':{mark.line + 1}' if mark else ''} is not YAML: {what}") from None
    except RecursionError:
        raise SourceError(f"{name} is no plan", "write it as in an exported plan") from None
    return root


def _end_of(node: _Node) -> int:
    """Return where the last value of a block ends: the event itself ends after the comments that follow."""
    return node.values[-1].end if node.values else node.end


def _parts(root: _Node, name: str, reader: Reader) -> Iterator[_Part]:
    """Yield the items of all sections."""
    for section, spec in SECTIONS.items():
        node = root.get(section)
        if node is None or (node.kind == "scalar" and not node.value):
            continue
        if section == "budget":
            yield _Part(Item(section), _fields(node, name, spec), node, _key_of(root, section).start)
        elif spec.identity:
            if node.kind != "list":
                raise SourceError(f"{name}:{node.line} is no list of {section}", "begin each with a dash")
            for each in node.values:
                yield _listed(each, name, section, reader)
        else:
            _require_map(node, name, section)
            for key, value in zip(node.keys, node.values, strict=True):
                yield _Part(Item(section, (key.value,)), _fields(value, name, spec), value, key.start)


def _listed(node: _Node, name: str, section: str, reader: Reader) -> _Part:
    spec = SECTIONS[section]
    fields = _fields(node, name, spec)
    where = f"{name}:{node.line}"
    identity = {each: fields.pop(each, spec.defaults.get(each, "")) for each in spec.identity}
    missing = [each for each, value in identity.items() if not value and each not in spec.optional]
    if missing:
        raise SourceError(f"{where} has no {missing[0]}", f"give {', '.join(spec.identity)}")
    try:
        if section == "budgets":
            identity["category"] = parse_choice(identity["category"], Category, "category")
            identity["type"] = parse_choice(identity["type"], BudgetType, "type")
            identity["period"] = reader.period(identity["period"])
            identity["provider"] = reader.provider(identity["provider"])
            is_money = identity["type"] == BudgetType.MONETARY
            identity["currency"] = (identity["currency"] or reader.currency) if is_money else ""
            if "amount" in fields:
                fields["amount"] = (_amount if is_money else _count)(fields["amount"])
        elif section == "alerts":
            kind = parse_choice(identity["kind"], AlertKind, "kind of alert")
            of_type = parse_choice(identity["type"], BudgetType, "type")
            identity |= {"kind": kind, "type": of_type}
            if kind in WATCHES_ALL:
                identity["watch"] = "" if identity["watch"] == EACH_PROJECT else identity["watch"]
            elif not identity["watch"]:
                raise Refused("it has no watch", "name a project, another entity, or each project")
            if identity["category"]:
                identity["category"] = parse_choice(identity["category"], Category, "category")
            identity["provider"] = reader.provider(identity["provider"])
            thresholds = parse_thresholds(kind, filter(None, _parts_of(identity["thresholds"])), of_type)
            identity["thresholds"] = written_thresholds(kind, thresholds, of_type)
        else:
            identity["value"] = identity["value"].casefold()
            if identity["kind"] not in ("project", "provider", "category"):
                raise Refused(f"'{identity['kind']}' is no kind of mapping", "there are project, provider, category")
            if identity["kind"] == "project":
                identity["field"] = parse_rule_field(identity["field"])
                identity["value"] = rule_value(identity["field"], identity["value"])
            elif identity["field"] != "name":
                raise Refused(f"a {identity['kind']} is mapped by its name, not by '{identity['field']}'", "write name")
            if identity["kind"] == "category" and "to" in fields:
                fields["to"] = parse_category(fields["to"])
    except BudgetError as refused:
        raise SourceError(f"{where}: {refused}") from None
    return _Part(Item(section, tuple(identity.values())), fields, node, node.start)


def _fields(node: _Node, name: str, spec: Section) -> dict[str, str]:
    _require_map(node, name, "fields")
    known = (*spec.identity, *spec.fields)
    found = {}
    for key, value in zip(node.keys, node.values, strict=True):
        if key.value not in known:
            raise SourceError(f"{name}:{key.line} has '{key.value}'", f"there are {', '.join(known)}")
        text = _scalar(value, name)
        parse = _PARSERS.get(key.value)
        try:
            found[key.value] = text if parse is None or (spec.identity and key.value == "amount") else parse(text)
        except BudgetError as refused:
            raise SourceError(f"{name}:{value.line}: {refused}") from None
    return found


def _parts_of(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


def _amount(text: str) -> str:
    amount = parse_whole(text)
    if amount < 0:
        raise Refused(f"{text} is negative", "write 0 or more")
    return written(amount)


def _count(text: str) -> str:
    return str(parse_count(text))


def _switch(text: str) -> str:
    if text.casefold() not in ("true", "false"):
        raise Refused(f"'{text}' is neither true nor false", "write one of them")
    return text.casefold()


def _cap(text: str) -> str:
    return written(parse_whole(text)) if text else ""


_PARSERS: Mapping[str, Callable[[str], str]] = {
    "amount": _amount,
    "allocation": _amount,
    "tokens": _count,
    "carry": lambda text: str(parse_policy(text)),
    "carry_cap": _cap,
    "enforced": _switch,
    "fails": _switch,
    "channels": lambda text: ", ".join(dict.fromkeys(filter(None, _parts_of(text)))),
}


def _scalar(node: _Node, name: str) -> str:
    if node.kind != "scalar":
        raise SourceError(f"{name}:{node.line} is no single value", "write it as in an exported plan")
    return node.value.strip()


def _require_map(node: _Node, name: str, what: str) -> None:
    if node.kind != "map":
        raise SourceError(f"{name}:{node.line} has no {what}", "write them as in an exported plan")


# Writing


def _head(file: PlanFile) -> dict[str, str]:
    return {"organization": file.organization, "currency": file.currency, "revision": str(file.revision or 0)}


def _section(name: str, items: Iterable[tuple[Item, Fields]], currency: str, show_period: Callable[[str], str]) -> str:
    return f"\n{name}:\n{_items(name, items, currency, show_period, 2)}"


def _items(
    section: str, items: Iterable[tuple[Item, Fields]], currency: str, show_period: Callable[[str], str], indent: int
) -> str:
    spec, margin = SECTIONS[section], " " * indent
    lines = []
    for item, fields in items:
        shown = _shown(item, fields, currency, show_period)
        if spec.identity:
            first, *more = (f"{name}: {_quoted(value)}" for name, value in shown.items())
            lines += [f"{margin}- {first}", *(f"{margin}  {each}" for each in more)]
        elif section == "budget":
            lines += [f"{margin}{name}: {_quoted(value)}" for name, value in shown.items()]
        else:
            lines.append(f"{margin}{_quoted(item.name[0])}:")
            lines += [f"{margin}  {name}: {_quoted(value)}" for name, value in shown.items()]
    return "".join(f"{line}\n" for line in lines)


def _shown(item: Item, fields: Fields, currency: str, show_period: Callable[[str], str]) -> dict[str, str]:
    """Return what is written of an item: its identity and its fields, without defaults."""
    spec = SECTIONS[item.section]
    identity = dict(zip(spec.identity, item.name, strict=True)) if spec.identity else {}
    if item.section == "budgets":
        identity["period"] = show_period(identity["period"])
        if identity["currency"] == currency:
            del identity["currency"]
    named = {**identity, **{name: fields[name] for name in spec.fields}}
    return {name: value for name, value in named.items() if value != spec.defaults.get(name, "")}


def _changes(text: str, part: _Part, fields: Fields) -> list[tuple[int, int, str]]:
    """Return the edits that bring one item up to date."""
    spec, node = SECTIONS[part.item.section], part.node
    edits, added = [], []
    for name in spec.fields:
        value, there = fields[name], node.get(name)
        if there is None:
            if value != spec.defaults.get(name, ""):
                added.append(f"{name}: {_quoted(value)}")
        elif part.fields[name] != value:
            edits.append((there.start, there.end, _quoted(value)))
    if added and node.is_flow:
        edits.append((node.values[-1].end, node.values[-1].end, "".join(f", {each}" for each in added)))
    elif added:
        margin, at = " " * _indent(text, node.keys[0].start), _line_end(text, node.end)
        edits.append((at, at, "".join(f"\n{margin}{each}" for each in added)))
    return edits


def _lines_of(text: str, start: int, end: int) -> tuple[int, int, str]:
    """Return the edit that deletes whole lines."""
    first, after = text.rfind("\n", 0, start) + 1, _line_end(text, end)
    return first, min(after + 1, len(text)), ""


def _line_end(text: str, at: int) -> int:
    """Return where the line of ``at`` ends; a scalar of several lines ends at the start of one."""
    if at and text[at - 1 : at] == "\n":
        return at - 1
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _indent(text: str, at: int) -> int:
    """Return the column of ``at``."""
    return at - (text.rfind("\n", 0, at) + 1)


def _key_of(root: _Node, name: str) -> _Node:
    return next(key for key in root.keys if key.value == name)


def _quoted(text: str) -> str:
    """Return a scalar that is read as ``text``."""
    import yaml

    dumped: Any = yaml.safe_dump(text, allow_unicode=True, width=10_000_000)
    plain = str(dumped).removesuffix("\n").removesuffix("\n...")
    return text if plain == f"'{text}'" and _is_number(text) else plain


def _is_number(text: str) -> bool:
    """Return whether ``text`` may stand without quotes: an amount, true or false.

    The id ``0012`` is none: this program would read it as the text that it is, other tools as 10.
    """
    return re.fullmatch(r"true|false|-?(0|[1-9][0-9]*)(\.[0-9]+)?", text) is not None
