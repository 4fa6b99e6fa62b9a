"""An interpreter of the iPXE scripts Ktizo sends, no more and no less.

What it does not know is a fault of the script and raised as ScriptFault: real firmware would fail
there too, on somebody's console. Rules of iPXE (measured, see boot/render.py; src/core/exec.c): a
line is split on blanks before `${...}` is expanded; `&&` and `||` say whether the next command
runs; an empty command succeeds; a line that fails ends the script.
"""

import re
from collections.abc import Awaitable, Callable

from ktizo.nodes.simulated.board import Board, CommandFailed, Ended, How, Kernel, ScriptFault

_SETTING = re.compile(r"\$\{([^}]*)\}")
_LABEL = re.compile(r":[a-z0-9-]+")
MAGIC = "#!ipxe"


# Options by command, and whether each takes a value.
_OPTIONS: dict[str, dict[str, bool]] = {
    "chain": {"--replace": False, "--autofree": False, "--timeout": True},
    "kernel": {"--name": True},
    "initrd": {"--name": True},
    "prompt": {"--key": True, "--timeout": True},
    "choose": {"--default": True, "--timeout": True},
    "sanboot": {"--no-describe": False, "--drive": True},
    "cpuid": {"--ext": False},
}


class _Chained(Exception):
    """Another script takes the place of this one."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class _Jump(Exception):
    """The next line is elsewhere."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line


class _Over(Exception):
    """The script has come to an end."""

    def __init__(self, ended: Ended) -> None:
        super().__init__()
        self.ended = ended


Options = dict[str, str]
Command = Callable[[Options, list[str]], Awaitable[None]]


async def run(board: Board, text: str) -> Ended:
    """Run a script and all it chains to; raises ScriptFault."""
    reader = _Reader(board)
    while True:
        try:
            return await reader.run(text)
        except _Chained as chained:
            text = chained.text


class _Reader:
    def __init__(self, board: Board) -> None:
        self._board = board
        self._set: dict[str, str] = {}
        self._lines: list[str] = []
        self._kernel: tuple[str, str] | None = None  # address, command line
        self._initrds: dict[str, str] = {}
        self._items: list[str] = []

    async def run(self, text: str) -> Ended:
        self._lines = text.splitlines()
        at = 0
        try:
            while at < len(self._lines):
                line, at = self._lines[at].strip(), at + 1
                if not line or line.startswith("#") or _LABEL.fullmatch(line):
                    continue
                try:
                    await self._line(line)
                except _Jump as jump:
                    at = jump.line
        except CommandFailed as failed:
            self._board.show(str(failed))
            return Ended(How.EXIT, 1)
        except _Over as over:
            return over.ended
        return Ended(How.EXIT)

    async def _line(self, line: str) -> None:
        failed: CommandFailed | None = None
        runs, words = True, []
        for word in [*line.split(), ";"]:
            if word not in ("&&", "||", ";"):
                words.append(word)
                continue
            if runs:
                failed = await self._command(words, line)
            words = []
            runs = word == ";" or (failed is None) == (word == "&&")
        if failed is not None:
            raise failed

    async def _command(self, words: list[str], line: str) -> CommandFailed | None:
        if not words:
            return None
        act: Command | None = getattr(self, f"_do_{words[0]}", None)
        if act is None:
            raise ScriptFault(f"no such command: {line}")
        options, rest = _options(words[0], words[1:])
        try:
            await act(
                {name: self._expand(value) for name, value in options.items()},
                [self._expand(word) for word in rest],
            )
        except CommandFailed as failed:
            return failed
        return None

    def _expand(self, word: str) -> str:
        return _SETTING.sub(self._value, word)

    def _value(self, found: re.Match[str]) -> str:
        name = found[1]
        value = self._set.get(name)
        if value is None:
            value = self._board.setting(name)
        if value is None:
            raise ScriptFault(f"no such setting: {name}")
        return value

    # Commands; each one's name is its own -----------------------------------------------------

    async def _do_echo(self, _: Options, words: list[str]) -> None:
        self._board.show(" ".join(words))

    async def _do_set(self, _: Options, words: list[str]) -> None:
        self._set[words[0]] = " ".join(words[1:])

    async def _do_isset(self, _: Options, words: list[str]) -> None:
        _succeed_if(bool(words) and words[0] != "", "not set")

    async def _do_iseq(self, _: Options, words: list[str]) -> None:
        _succeed_if(len(words) == 2 and words[0] == words[1], "not equal")

    async def _do_cpuid(self, options: Options, words: list[str]) -> None:
        if "--ext" not in options or words != ["29"]:
            raise ScriptFault(f"cpuid {words}: only `--ext 29` is known")
        _succeed_if(self._board.is_64_bit(), "bit not set")

    async def _do_sleep(self, _: Options, words: list[str]) -> None:
        await self._board.wait(float(words[0]))

    async def _do_chain(self, options: Options, words: list[str]) -> None:
        if "--replace" not in options:
            raise ScriptFault("chain without --replace would come back")
        timeout_s = int(options.get("--timeout", "30000")) / 1000
        text = await self._board.script(words[0], timeout_s)
        if not text.startswith(MAGIC):
            raise CommandFailed(f"{words[0]}: exec format error")
        raise _Chained(text)

    async def _do_imgfree(self, _: Options, __: list[str]) -> None:
        self._kernel, self._initrds = None, {}

    async def _do_kernel(self, _: Options, words: list[str]) -> None:
        await self._board.load(words[0])
        self._kernel = (words[0], " ".join(words[1:]))

    async def _do_initrd(self, options: Options, words: list[str]) -> None:
        await self._board.load(words[0])
        self._initrds[options.get("--name", words[0].rpartition("/")[2])] = words[0]

    async def _do_boot(self, _: Options, __: list[str]) -> None:
        if self._kernel is None:
            raise CommandFailed("boot: no image selected")
        url, cmdline = self._kernel
        named = [w.removeprefix("initrd=") for w in cmdline.split() if w.startswith("initrd=")]
        # On UEFI the kernel's own stub looks each of them up; a missing one stops the boot.
        if missing := [name for name in named if name not in self._initrds]:
            raise ScriptFault(f"the command line names initrds that were not loaded: {missing}")
        kernel = Kernel(url, cmdline, tuple(self._initrds.values()))
        raise _Over(Ended(How.KERNEL, kernel=kernel))

    async def _do_prompt(self, options: Options, words: list[str]) -> None:
        self._board.show(" ".join(words))
        pressed = await self._board.key_pressed(int(options["--timeout"]) / 1000)
        _succeed_if(pressed, "no key was pressed")

    async def _do_menu(self, _: Options, words: list[str]) -> None:
        self._items = []
        self._board.show(" ".join(words))

    async def _do_item(self, _: Options, words: list[str]) -> None:
        self._items.append(words[0])
        self._board.show("  " + " ".join(words[1:]))

    async def _do_choose(self, options: Options, words: list[str]) -> None:
        default, timeout_s = options["--default"], int(options["--timeout"]) / 1000
        if default not in self._items:
            raise ScriptFault(f"choose: the default {default} is not in the menu")
        chosen = await self._board.choose(tuple(self._items), default, timeout_s)
        if chosen is None:
            raise CommandFailed("choose: cancelled")
        self._set[words[0]] = chosen

    async def _do_goto(self, _: Options, words: list[str]) -> None:
        label = f":{words[0]}"
        for number, line in enumerate(self._lines):
            if line.strip() == label:
                raise _Jump(number + 1)
        raise CommandFailed(f"goto {words[0]}: no such label")

    async def _do_sanboot(self, options: Options, _: list[str]) -> None:
        if options.get("--drive") != "0x80":
            raise ScriptFault("sanboot: only the first disk, 0x80, is known")
        if not self._board.disk_boots():
            raise CommandFailed("sanboot: nothing to boot on this disk")
        raise _Over(Ended(How.DISK))

    async def _do_exit(self, _: Options, words: list[str]) -> None:
        raise _Over(Ended(How.EXIT, int(words[0]) if words else 0))

    async def _do_reboot(self, _: Options, __: list[str]) -> None:
        raise _Over(Ended(How.REBOOT))

    async def _do_poweroff(self, _: Options, __: list[str]) -> None:
        raise _Over(Ended(How.POWER_OFF))


def _succeed_if(good: bool, otherwise: str) -> None:
    if not good:
        raise CommandFailed(otherwise)


def _options(command: str, words: list[str]) -> tuple[Options, list[str]]:
    """Take the options off the front of a command's words, as getopt_long does."""
    known, found, at = _OPTIONS.get(command, {}), {}, 0
    while at < len(words) and words[at].startswith("--"):
        name = words[at]
        if name not in known:
            raise ScriptFault(f"{command}: no such option: {name}")
        found[name] = words[at + 1] if known[name] else ""
        at += 2 if known[name] else 1
    return found, words[at:]
