"""Secrets behind the short options of well-known programs: ``sshpass -p x``, ``curl -u me:x``."""

from __future__ import annotations

import re
from itertools import zip_longest

from collector.redact.pieces import VALUE, Rules, Spans

_USER = re.compile(rf"-(?<![^\s'\"]-)(?:u|U|-user|-proxy-user)[ \t=]*+((?![+]){VALUE})", re.DOTALL)
# Programs with a short option that is a password. The group is the option: `first` is -p of the program
# alone and not of the command behind it, `login` is -p behind that word, `glued` is -p without a space.
_PROGRAM = re.compile(
    r"(?<![\w.-])(?:(?P<first>sshpass)|(?P<a>redis-cli|valkey-cli)|(?P<b>curl)"
    r"|(?P<glued>(?:mysql|mariadb)[\w-]*+|7z[az]?|(?:un)?rar)"
    r"|(?P<login>docker|podman|nerdctl|buildah|skopeo|helm|az|oc|cf)"
    r"|(?P<p>mongo(?:sh|dump|restore|export|import)?|cqlsh|rabbitmqadmin)"
    r"|(?P<P>(?:un)?zip|sqlcmd|bcp|ipmitool|mosquitto_(?:pub|sub|rr))"
    r"|(?P<pw>plink|pscp|psftp)|(?P<w>ldap[a-z]++))(?![\w.-])"
)
_SHORT = {
    name: re.compile(rf"(?<![^\s'\"]){option}({value})", re.DOTALL)
    for name, option, value in (
        *((letter, rf"-{letter}[\s=]*+", VALUE) for letter in ("a", "p", "P", "pw", "w")),
        *((group, r"-p[\s=]*+", VALUE) for group in ("first", "login")),
        ("glued", r"-p", VALUE),
        ("b", r"-b\s*+", rf"(?=\S*=){VALUE}"),  # cookies; without an = it is a file
    )
}


def _users(text: str, low: str) -> Spans:
    """Curl -u name:password; a container's user and group are numbers."""
    for found in _USER.finditer(text):
        value = found[1]
        name, _, password = value.partition(":")
        is_group = (name + password).isdigit() and ("docker" in low or "podman" in low)
        if password and not is_group:
            closed = len(value) > 1 and value[0] in "'\"" and value[-1] == value[0]
            yield found.start(1) + len(name) + 1, found.end(1) - closed


def _shorts(text: str, _: str) -> Spans:
    """Sshpass -p x, redis-cli -a x: up to the next such program."""
    programs = [*_PROGRAM.finditer(text)]
    for program, following in zip_longest(programs, programs[1:]):
        group, start = str(program.lastgroup), program.end()
        end = following.start() if following else len(text)
        if group == "login":
            start = (text.find("login", start, end) + 1 or end + 1) - 1
        for found in _SHORT[group].finditer(text, start, end):
            yield found.span(1)
            if group == "first":
                break


RULES: Rules = (
    (_users, ("-u", "-proxy-u")),
    (_shorts, ("sshpass", "-cli", "curl", "mysql", "mariadb", "login", "7z", "rar", "mongo", "cqlsh",
               "rabbit", "zip", "sqlcmd", "bcp", "ipmitool", "mosquitto", "plink", "pscp", "psftp", "ldap")),
)  # fmt: skip
