"""A secret behind anything that marks one never survives, and what only looks like it is left alone."""

from __future__ import annotations

import io
import json
import shlex
import time
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from collector import log
from collector.redact import command_line, redacted

# What stands at both ends of each generated secret: neither end may be seen again.
MARK = "Zq7"
# A secret of whatever characters people choose, and one as programs generate it.
anything = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12).map(
    lambda text: f"{MARK}{text}{MARK}"
)
plain = st.text("abcXYZ019_-.~+/%@!^*", max_size=12).map(lambda text: f"{MARK}{text}{MARK}")

# {} is the secret: a word of its own, or the end of one.
ARGUMENTS = [
    "tool --password {}", "tool --password={}", "tool --db-password {}", "tool --api-key {}",
    "tool --token={}", "tool -token {}", "tool --pass {}", "tool --client-secret {}", "keytool -storepass {}",
    "tool --secret-key {}", "env PGPASSWORD={} psql", "env MYSQL_PWD={} mysql",
    "env AWS_SECRET_ACCESS_KEY={} aws", "env API_KEY={} x", "env SSHPASS={} sshpass -e ssh host",
    "env REDISCLI_AUTH={} redis-cli", "env GITHUB_TOKEN={} gh", "sshpass -p {} ssh -p 22 host",
    "sshpass -p{} ssh host", "redis-cli -h host -a {} ping", "sudo redis-cli -a {}",
    "docker login -u me -p {} registry", "podman login -p {}", "helm registry login -p {} h",
    "mongosh -u me -p {}", "mongodump -p {}", "zip -P {} a.zip b", "7z x -p{} a.7z", "mysql -uroot -p{} db",
    "/usr/bin/mysqldump -p{} db", "timeout 5 mysql -p{}", "ldapsearch -x -w {} -b dc=x", "sqlcmd -S h -P {}",
    "mosquitto_pub -t t -P {}", "plink -pw {} host", "curl -u me:{} http://h/", "curl --user me:{} http://h/",
    "curl --user=me:{} http://h/", "curl -ume:{} http://h/", "curl --proxy-user me:{} http://h/",
    "curl --oauth2-bearer {} http://h/", "openssl rsa -passin pass:{} -in key", "openssl enc -pass pass:{}",
    "gpg --passphrase {} -d x", "wget --http-password={} http://h/",
]  # fmt: skip
# Where blanks and quotes cannot stand.
PLAIN = [
    "curl -H 'Authorization: Bearer {}' http://h/", "curl -H 'Authorization: token {}' http://h/",
    "curl -H 'X-Api-Key: {}' http://h/", "curl -H 'PRIVATE-TOKEN: {}' http://h/",
    "curl -b 'sid={}' http://h/", "curl -H 'Cookie: session={}' http://h/", "TOKEN={} run",
    "export DB_PASSWORD={}; run", "x --password {} | y", 'echo \'{{"token": "{}", "a": 1}}\'',
    'echo \'{{"apiKey":"{}"}}\'', "{{'password': '{}'}}", "psql -c \"ALTER USER me PASSWORD '{}'\"",
    "mysql -e \"CREATE USER me IDENTIFIED BY '{}'\"", "psql 'host=h password={} user=me'",
    "Server=h;Pwd={};Database=d", "Authorization: Digest a=1, response={}",
    "connection failed: password='{}'", "password: {}", "the header was Bearer {} and more",
    "npm config set //r/:_authToken={}", "secret => {}", "password='{}",
]  # fmt: skip
IN_URLS = [
    "psql postgresql://me:{}@host:5432/db", "curl https://me:{}@h/x", "redis://:{}@host/0",
    "curl 'http://h/?token={}&page=2'", "curl http://h/?a=1&api_key={}", "http://h/?x=1&access_token={}#f",
    "could not connect to amqp://me:{}@host/: refused", "pull http://h/a,postgres://u:{}@h/d",
]  # fmt: skip
WORD = "A1b2C3d4E5f6G7h8"
SHAPES = [
    f"eyJ{WORD}.eyJ{WORD}.{WORD}", f"ghp_{WORD * 2}", f"gho_{WORD * 2}", f"github_pat_{WORD * 3}",
    f"xoxb-1234-{WORD}", f"xoxp-1234-{WORD}", "AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE",
    f"sk-{WORD * 3}", f"sk-proj-{WORD}_{WORD}", f"sk-ant-api03-{WORD}-{WORD}", f"sk_live_{WORD * 2}",
    f"glpat-{WORD}1234", f"AIza{WORD * 2}abc", f"npm_{WORD * 2}abcd", f"hf_{WORD * 2}ab",
    f"pypi-AgEI{WORD * 4}", f"SG.{WORD}.{WORD * 2}",
    f"-----BEGIN RSA PRIVATE KEY-----\n{WORD}\n{WORD}\n-----END RSA PRIVATE KEY-----",
    f"-----BEGIN OPENSSH PRIVATE KEY-----\n{WORD}",
]  # fmt: skip
HARMLESS = [
    "make test", "make -p test", "mkdir -p x/y", "nc -p 80 host", "ps -p 1", "docker run -p 80:80 nginx",
    "docker run -u 1000:1000 --rm img", "ask --max-tokens 5 --tokenizer=bpe", "git log --author me",
    "ssh -p 22 me@host", "tool --password-file /run/secret", "docker login -u me --password-stdin",
    "mysql -u root -p db", "mysql -P 3306 --protocol tcp", "curl http://host:8080/a@b", "cp -p a b",
    "tar -cpf a b", "git add -p", "rsync -av me@host:/srv /srv", "sort -u a.txt", "date -u +%H:%M",
    "sudo -u postgres psql -p 5432", "journalctl -u collector.service", "git push -u origin main",
    "python -u x.py", "ls /etc/passwd", "cat /run/secrets/db", "cargo build --features keys",
    "psql --no-password db", "gpg --list-keys", "openssl rsa -passin env:PW -in key",
    "ssh-keygen -t sk-ecdsa-sha2-nistp256@openssh.com", "pytest -k 'token'", "zip -r a.zip b",
    "unzip a.zip -d b", "7z x a.7z", "redis-cli -h host -p 6379 ping", "curl -b cookies.txt http://h/",
    "curl -I https://example.com/tokens?page=2", "kubectl get secret db", "http://[::1]:8080/a@b",
    "grep -i password x", "the variable DB_PASSWORD of password_env is not set",
    "fe_sendauth: no password supplied", "Access denied for user 'x'@'h' (using password: YES)",
    "vault kv get secret/app", "risk-assessment-of-the-year-2026", "tool --ask-password host",
    "scp a host:/x", "SELECT 'a', 1 FROM tokens WHERE token_count > 5",
]  # fmt: skip


@pytest.mark.parametrize("template", ARGUMENTS)
@given(secret=anything)
@example(secret=f"{MARK} 'a b' {MARK}")
@example(secret=f'{MARK}";&\\{MARK}')
@settings(max_examples=6, deadline=None)
def test_a_secret_in_a_command_never_survives(template: str, secret: str) -> None:
    """Whatever characters it has: the words are known."""
    words = [word.format(secret) for word in template.split()]
    assert MARK not in command_line(words)


@pytest.mark.parametrize("template", ARGUMENTS)
@given(secret=anything)
@example(secret=f"{MARK} 'a b' {MARK}")
@settings(max_examples=4, deadline=None)
def test_a_secret_in_a_text_for_a_shell_never_survives(template: str, secret: str) -> None:
    """Quoted as a shell wants it, and as one word of `sh -c`."""
    text = " ".join(word.replace("{}", shlex.quote(secret)) for word in template.split())
    assert MARK not in redacted(text)
    assert MARK not in command_line(["sh", "-c", text])


@pytest.mark.parametrize("template", PLAIN)
@given(secret=plain)
@settings(max_examples=8, deadline=None)
def test_a_secret_behind_its_name_never_survives(template: str, secret: str) -> None:
    """In shell lines, headers, documents, statements and messages; in capitals, too."""
    assert MARK not in redacted(template.format(secret))
    assert MARK not in redacted(template.format(secret) + "\nand the next line")


@pytest.mark.parametrize("template", IN_URLS)
@given(secret=anything)
@settings(max_examples=8, deadline=None)
def test_a_secret_in_a_url_never_survives(template: str, secret: str) -> None:
    """As a password and as a value of the query, its odd signs written %xx."""
    text = template.replace("{}", quote(secret, safe=""))
    assert MARK not in redacted(text)
    assert MARK not in command_line(shlex.split(text))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_token_is_known_by_its_shape(shape: str) -> None:
    """Without any name before it, in a line and in quotes."""
    for text in (shape, f"tool {shape}", f"tool 'x={shape}'", f"answered {shape}: 401", f"a,{shape}"):
        assert WORD not in redacted(text)
        assert "AKIAIOSFODNN7" not in redacted(text)
    assert redacted(f"tool {shape.partition('-----END')[0]}") == "tool ***"


@pytest.mark.parametrize("line", HARMLESS)
def test_what_holds_no_secret_is_left_as_it_is(line: str) -> None:
    """A ledger full of stars tells nothing."""
    assert redacted(line) == line


@pytest.mark.parametrize("line", [line for line in HARMLESS if "'" not in line])
def test_a_command_without_a_secret_is_left_as_it_is(line: str) -> None:
    """But for the quotes that a shell needs."""
    assert command_line(line.split()) == shlex.join(line.split())


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("curl -d 'token=abc' http://h/", "curl -d 'token=***' http://h/"),
        ('x "password=abc" y', 'x "password=***" y'),
        ("sh -c 'x --password abc' && make", "sh -c 'x --password ***' && make"),
        ("ssh h 'mysql -pabc db' | sort", "ssh h 'mysql -p*** db' | sort"),
        ("curl -H 'Authorization: Bearer abc' http://h/", "curl -H 'Authorization: ***' http://h/"),
        ("psql postgresql://me:abc@h/d -c 'SELECT 1'", "psql postgresql://me:***@h/d -c 'SELECT 1'"),
        ('{"token": "a", "age": 5}', '{"token": ***, "age": 5}'),
        ("curl http://h/?token=abc&page=2", "curl http://h/?token=***&page=2"),
    ],
)
def test_what_stands_around_a_secret_is_left(line: str, shown: str) -> None:
    """One still sees what was run."""
    assert redacted(line) == shown


@given(text=st.text(max_size=200))
@example(text="İ token=aaa İ")
def test_any_text_can_be_redacted_twice(text: str) -> None:
    """It never raises, and what is hidden stays hidden and nothing more becomes so."""
    once = redacted(text)
    assert redacted(once) == once


HOSTILE = [
    "a:", "//", "-p ", "://", "://a@", "://a:@", "token ", "token=", "--token ", "-u a:", "docker login -p ",
    "login ", "docker login x ", "mysql -p", "pass", "bearer ", "eyJaaaaaaaaa.", "-----BEGIN PRIVATE KEY",
    "password '", "token='", 'token="', 'token=\\"', "authorization: '", "authorization:", "ghp_", "key-",
    "[", '"', "tokens", "token_", "token.", "password[", "secret]", "-secret-", "--api-key-", "password%3d",
    "<password>", "<password ", "machine h login ", "https://a", "jdbc:oracle:thin:", "sqlplus -s ",
    "name='password' ", f"pass{'1' * 60}x=", "<token>a",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_text_costs_no_more_than_its_length(piece: str) -> None:
    """Four times as much of it costs far less than sixteen times as much, which a square would."""
    short, long = (_seconds("docker " + piece * (size // len(piece))) for size in (12_500, 50_000))
    assert long < max(short * 10, 0.15)


def _seconds(text: str) -> float:
    """The better of two: what another process took does not count."""
    took = []
    for _ in range(2):
        began = time.thread_time()
        redacted(text)
        took.append(time.thread_time() - began)
    return min(took)


@pytest.mark.parametrize("style", ["console", "json", "journal"])
def test_no_field_of_the_log_holds_a_secret(style: str) -> None:
    """Whoever logs an error need not think of it: texts, lists, documents and exceptions with their stack."""
    out = io.StringIO()
    log.configure("debug", style=style, stream=out)
    told = f"refused: postgresql://me:{MARK}@h/d, password={MARK}"
    try:
        int(told)
    except ValueError as error:
        log.get_logger("x").exception("x.failed", error=error, reason=told, more=[told], inner={"why": told})
    log.configure("debug", style="json", stream=io.StringIO())
    assert MARK not in out.getvalue()
    assert out.getvalue().count("postgresql://me:***@h/d") == 5


def test_the_log_leaves_figures_and_plain_words_alone() -> None:
    """A field is not a text because it is logged."""
    out = io.StringIO()
    log.configure("debug", style="json", stream=out)
    log.get_logger("x").info("x.ran", count=5, share=0.5, ok=True, none=None, name="token", text="\x7f\u200b")
    log.configure("debug", style="json", stream=io.StringIO())
    line = out.getvalue()
    event = json.loads(line)
    assert [event[key] for key in ("count", "share", "ok", "none", "name")] == [5, 0.5, True, None, "token"]
    assert line.isascii()
    assert "\x7f" not in line
