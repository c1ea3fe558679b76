"""The keys that move a cursor, the same in every list, table and text: the arrows', and vim's."""

from textual.binding import Binding, BindingType

_SCROLLING = ("scroll_down", "scroll_up", "scroll_home", "scroll_end")


def cursor_bindings(owner: str, noun: str, actions: tuple[str, str, str, str] = _SCROLLING) -> list[BindingType]:
    """Return the bindings of an ``owner`` of ``noun``s; ``actions`` go to the next, previous, first and last."""
    following, previous, first, last = actions

    def moves(keys: str, action: str, name: str, where: str) -> Binding:
        binding_id = f"{owner}.{name.lower().replace(' ', '_')}"
        return Binding(keys, action, name, id=binding_id, show=False, tooltip=f"Go to {where}")

    return [
        moves("down,j", following, "Down", f"the next {noun}"),
        moves("up,k", previous, "Up", f"the previous {noun}"),
        moves("home,ctrl+home,g", first, "First", f"the first {noun}"),
        moves("end,ctrl+end,G", last, "Last", f"the last {noun}"),
        moves("pagedown,ctrl+d", "page_down", "Page down", "the next page"),
        moves("pageup,ctrl+u", "page_up", "Page up", "the previous page"),
    ]
