"""Finds what a source file imports, asks the outside for and writes as SQL, by its syntax tree."""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

# What names another time, place or chance at every call: a pure function has none of it.
CLOCKS = frozenset(
    {"now", "today", "utcnow", "time", "monotonic", "current_timestamp", "current_date", "localtimestamp"}
    | {"rand", "randn", "uuid", "uuid4", "getenv"}
)
_SQL = re.compile(
    r"\b(SELECT\s|INSERT INTO\s|UPDATE\s+\S+\s+SET|DELETE FROM\s|MERGE INTO\s|DROP (TABLE|VIEW|SCHEMA)|TRUNCATE\s"
    r"|ALTER TABLE\s|CREATE (TABLE|VIEW|SCHEMA|TEMP|OR REPLACE)|COPY\s+\S+.*(FROM|TO)\s|ATTACH PARTITION|GRANT\s)"
)


@dataclass(frozen=True)
class Rule:
    """What the files below `places` may not do. A name of a module stands for everything in it."""

    name: str
    places: tuple[str, ...]
    forbidden_modules: tuple[str, ...] = ()
    allowed_modules: tuple[str, ...] = ()
    only_standard_library: bool = False
    forbids_clocks: bool = False
    forbids_environment: bool = False
    forbids_built_sql: bool = False
    exceptions: tuple[str, ...] = field(default=())

    def covers(self, path: str) -> bool:
        return path.startswith(self.places) and not path.startswith(self.exceptions or ("\0",))


def violations(rule: Rule, path: str, source: str) -> list[str]:
    """What breaks the rule, as `path:line: fault`; path is relative to the project's folder."""
    if not rule.covers(path):
        return []
    tree = ast.parse(source)
    faults = [*_imports(rule, tree, path)]
    if rule.forbids_clocks:
        faults += _calls(tree, CLOCKS)
    if rule.forbids_environment:
        faults += _environment(tree)
    if rule.forbids_built_sql:
        faults += _built_sql(tree)
    return [f"{path}:{line}: {rule.name}: {fault}" for line, fault in sorted(faults)]


def imported(tree: ast.AST, path: str) -> Iterator[tuple[int, str]]:
    """Every imported module and name, dotted, wherever in the file it is imported."""
    package = path.removesuffix(".py").removeprefix("spark/").split("/")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and _called(node) in {"import_module", "__import__"}:
            yield from ((node.lineno, str(a.value)) for a in node.args if isinstance(a, ast.Constant))


def _imports(rule: Rule, tree: ast.AST, path: str) -> Iterator[tuple[int, str]]:
    for line, name in imported(tree, path):
        is_allowed = _is_within(name, rule.allowed_modules)
        if _is_within(name, rule.forbidden_modules) and not is_allowed:
            yield line, f"imports {name}"
        if rule.only_standard_library and not is_allowed and name.split(".")[0] not in sys.stdlib_module_names:
            yield line, f"imports {name}"


def _is_within(name: str, modules: tuple[str, ...]) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def _calls(tree: ast.AST, names: frozenset[str]) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) in names:
            yield node.lineno, f"calls {_called(node)}"


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _environment(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
        if name in {"environ", "environb", "getenv", "getenvb"}:
            yield node.lineno, f"reads {name}"
        if isinstance(node, ast.alias) and node.name in {"environ", "getenv"}:
            yield node.lineno, f"reads {node.name}"


def _built_sql(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
            is_built = any(isinstance(part, ast.FormattedValue) for part in node.values)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.Add):
            text, is_built = _constant(node.left) or _constant(node.right), True
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
            text, is_built = _constant(node.func.value), True
        else:
            continue
        if is_built and _SQL.search(text):
            yield node.lineno, "builds SQL out of text"


def _constant(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
