"""Names of a layer's attributes: a server writes them in another case, qualified by their table, or only as aliases.

Oracle makes names upper case and PostgreSQL lower case, a joined or versioned table is written before the name
("GIS.CONGTRINH.MACTXD"), and a view may keep the name that people know as the field's alias only.
"""

from collections.abc import Iterable, Mapping, Sequence

from cchc_connect import Item
from cchc_connect.wire import codecs
from cchc_connect.wire.field_map import FieldMap, every_at
from cchc_connect.wire.property_names import found_name, nfc


class AttributeNames:
    """The names by which an adapter reads attributes, and how to find them among those that a server writes."""

    def __init__(self, names: Iterable[str]) -> None:
        """Prepare for the names in `names`."""
        self._names = frozenset(names) - {""}

    def renaming(self, written: Iterable[str], aliases: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
        """Return our names for each written one that differs from them; names that fit several are left alone.

        Args:
            written: names of the attributes as the server writes them.
            aliases: the fields' aliases by written name.
        """
        all_written = [*written]
        renaming = dict[str, list[str]]()
        for name in sorted(self._names.difference(all_written)):
            written_name = name_as_written(name, all_written, aliases)
            if written_name is None:
                continue
            if written_name not in self._names:
                renaming.setdefault(written_name, []).append(name)
            elif _folded(written_name) == _folded(name):
                renaming.setdefault(written_name, [written_name]).append(name)
        return renaming

    def renamed(self, features: Sequence[Item], response: Item) -> Sequence[Item]:
        """Return the features of a response with our names; features that have them already are left as they are."""
        result, renamings = list[Item](), dict[tuple[str, ...], Mapping[str, Sequence[str]]]()
        for feature in features:
            attributes = feature["attributes"]
            if self._names <= attributes.keys():
                result.append(feature)
                continue
            names = tuple(attributes)
            if names not in renamings:
                renamings[names] = self.renaming(names, response_aliases(response))
            renaming = renamings[names]
            if not renaming:
                result.append(feature)
                continue
            renamed = {
                name: value for written, value in attributes.items() for name in renaming.get(written, (written,))
            }
            result.append({**feature, "attributes": renamed})
        return result


def names_read(fields: FieldMap) -> set[str]:
    """Return the names of the attributes that a field map reads."""
    return {".".join(path) for value in every_at(fields.values()) for path in value.paths}


def name_as_written(name: str, written: Iterable[str], aliases: Mapping[str, str]) -> str | None:
    """Return the written name that stands for `name`; None if there is none, or more than one.

    >>> name_as_written("maCTXD", ["OBJECTID", "GIS.CONGTRINH.MACTXD"], {})
    'GIS.CONGTRINH.MACTXD'
    >>> name_as_written("maCTXD", ["A.MACTXD", "B.MACTXD"], {}) is None
    True
    """
    names, folded = dict.fromkeys(written), _folded(name)
    if (same_name := found_name(names, name)) is not None:
        return same_name
    closest = [candidate for candidate in names if _folded(candidate.rpartition(".")[2]) == folded] or [
        candidate for candidate in names if _folded(aliases.get(candidate, "")) == folded
    ]
    return closest[0] if len(closest) == 1 else None


def response_aliases(response: Item) -> Mapping[str, str]:
    """Return the aliases by name that a response tells, in `fieldAliases` or with its `fields`."""
    aliases = codecs.as_object(response.get("fieldAliases")) or {}
    pairs = {name: alias for name, alias in aliases.items() if isinstance(alias, str)}
    return {**field_aliases(codecs.as_objects(response.get("fields")) or []), **pairs}


def field_aliases(fields: Iterable[Item]) -> Mapping[str, str]:
    """Return the aliases of described fields by their names."""
    pairs = [(field.get("name"), field.get("alias")) for field in fields]
    return {name: alias for name, alias in pairs if isinstance(name, str) and isinstance(alias, str)}


def _folded(name: str) -> str:
    return nfc(name.strip()).casefold()
