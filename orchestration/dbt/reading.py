"""How dbt's nodes read what is upstream of them, where somebody says so: while it is held, and which columns."""

from __future__ import annotations

from collections.abc import Mapping

from orchestration.dbt.model import Manifest, Node
from orchestration.errors import DefinitionError, UnknownName
from orchestration.mapping import Read, ReadDefault, reads_of
from orchestration.model import AssetKey, OnHold

Reading = Mapping[str, Mapping[str, Read | OnHold | str]] | None


def readings_of(given: Reading, manifest: Manifest) -> dict[AssetKey, dict[AssetKey, Read]]:
    """By asset and upstream, how a project's nodes read.

    Raises
    ------
    UnknownName
        It names an asset that the project doesn't have, or an upstream that the asset doesn't read.
    DefinitionError
        One can't be said of what dbt reads.
    """
    known = {node.key: node for node in manifest.nodes.values()}
    found: dict[AssetKey, dict[AssetKey, Read]] = {}
    for name, upstreams in (given or {}).items():
        if name not in known:
            raise UnknownName("asset", name, known, where=f"reads= of {manifest.root}")
        node = known[AssetKey(name)]
        found[node.key] = _readings(node, upstreams, manifest)
    return found


def _readings(node: Node, given: Mapping[str, Read | OnHold | str], manifest: Manifest) -> dict[AssetKey, Read]:
    if not isinstance(given, Mapping):
        raise DefinitionError(f"reads= of {node.key} says how by upstream, such as {{'orders': 'wait'}}, not {given!r}")
    above = [manifest.keys[id_] for id_ in node.depends_on]
    try:
        reads = reads_of(given)
    except DefinitionError as error:
        raise DefinitionError(f"{node.key}: {error}") from None
    for name, read in reads.items():
        if name not in above:
            raise UnknownName("upstream", name, above, where=f"reads= of {node.key}")
        if type(read) is not ReadDefault:
            raise DefinitionError(
                f"{node.key}: dbt reads {name} as it stands, not some of its partitions; say ob.columns(...), 'wait', "
                "'use_published' or 'proceed' of it"
            )
    return {AssetKey(name): read for name, read in reads.items()}
