"""Names that say in other words that they name a secret, and names that only sound so."""

from __future__ import annotations

import shlex

import pytest

from collector.redact import command_line, redacted

SECRET = "CANARYba1"
MARKED = [
    "DB_PASSWORD_PROD={}", "PASSWORD_1={}", "SECRET_TOKEN_2={}", "PASSWORDS={}", "api_keys={}",
    "API_TOKENS={}", "client_secret_value={}", "spring.datasource.password.value={}",
    "spring.datasource.password.value: {}", '{{"passwordHash":"{}"}}',
    '{{"passwordHash": "{}", "a": 1}}', "PASSWORDHASH={}", "password[]={}",
    "user[password]={}", "user[password][0]={}", "user%5Bpassword%5D={}", "<password>{}</password>",
    '<ns:password type="text">\n  {}\n</ns:password>', "<password><![CDATA[{}]]></password>",
    '<add key="DbPassword" value="{}"/>', '<input type="password" name="password" value="{}">',
    "machine h login me password {}", "machine h\n  login me\n  password {}", "https://{}@github.com",
    "git clone https://{}:x-oauth-basic@github.com/a/b", "password%3D{}", "%22password%22%3A%22{}%22",
    "jdbc:oracle:thin:u/{}@//h:1521/s", "sqlplus -s u/{}@db", "jwt={}", '{{"jwt": "{}"}}',
    "VAULT_SECRET_ID={}", "DB_PASS_PROD={}", "MYSQL_PWD_1={}", "pass_through_token={}",
    "X-Auth-Token-2: {}", "PASSWORD_TEST={}",
    "userpassword={}", "<a><token>{}", "db_password_prod: {}", '{{\\"password\\": \\"{}\\"}}',
]  # fmt: skip
OPTIONS = [
    "tool --password-prod {}", "tool --api-keys {}", "tool --jwt {}", "tool --pass-through-token {}",
    "tool --db-password-2 {}", "env DB_PASSWORD_PROD={} tool", "tool --set user[password]={}",
]  # fmt: skip
HARMLESS = [
    "token_count=5", "tokens_per_second: 12", "tokens=512", '{"total_tokens": 1500, "tokenCount": 5}',
    "max_tokens=100", "tokens: [1, 2, 3]", "password_file=/x", "passwords.py:12: SyntaxError", "passed=3",
    "2 passed=3, pass_rate=0.5", "tests/test_token.py::test_password_is_hashed: ok",
    "test_token_is_renewed: works", "secrets::Store", "tokenizer=bpe", "passwordless=true", "secretary: Jane",
    "password_min_length=8", "passwordMinLength: 8", "PasswordAuthentication: no", "token_type=bearer",
    "token_url=https://h/x", "token_expires_in: 3600", "cookie_domain=h.org", "authorization_url=https://h/x",
    "credential.helper=store", "credentials_file=/x/y", "secret_name=db", "access_key_id=5",
    "password_encryption=scram-sha-256", "passwords: 12", "https://me@bitbucket.org/a/b", "http://user_name@h/",
    "sqlplus /nolog", "sqlplus / as sysdba", "jdbc:oracle:thin:@h:1521:s", "jdbc:postgresql://h/db",
    "login with password authentication", "<label>Password</label>", "<password/>", "--token-limit 5",
    "--pass-through x", "--cookie-jar x", "password_env: DB", "tokens.json: no such file", "bypass=1",
    "/srv/token-2: no such file", "compass_value=3", "secret_version=3",
    "TOKENIZER=bpe", "TOKENIZERS_PARALLELISM=false", "List<Token> tokens = a; <b>x</b>",
]  # fmt: skip


@pytest.mark.parametrize("form", [*MARKED, *OPTIONS])
def test_a_marked_value_is_hidden_in_any_text(form: str) -> None:
    """Whatever stands before and behind the word that marks it."""
    assert SECRET not in redacted(form.format(SECRET))
    assert SECRET not in redacted(f"it said\n{form.format(SECRET)}\nand went on")


@pytest.mark.parametrize(
    "line", ["PASSWORD_PROD=12345", "PASSWORD_1=1234", "db_password_2: 12345a", "PASSWORDS=123456"]
)
def test_a_number_may_be_a_password(line: str) -> None:
    """Only of several secrets is a small one taken for their count."""
    assert "12" not in redacted(line)


@pytest.mark.parametrize("form", OPTIONS)
def test_a_marked_word_of_a_command_is_hidden(form: str) -> None:
    """All of it, whatever characters it has."""
    assert SECRET not in command_line([word.format(f"a 'b {SECRET}") for word in shlex.split(form)])


@pytest.mark.parametrize("line", HARMLESS)
def test_what_is_said_about_secrets_is_left(line: str) -> None:
    """Counts, files, kinds and outcomes are what a record is read for."""
    assert redacted(line) == line
