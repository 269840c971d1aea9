"""Golden cases of credentials: one that is found and near misses that are not, for every row."""

from __future__ import annotations

import random
import re

import pytest

from content.secret_cases import CASES, draw
from lockgate.content.detection import scan
from lockgate.content.detection.secrets import TOKENS
from lockgate.content.labeling import SURE

NEAR = {  # what is left of these when every part of it is short is still one
    "private_key|---- BEGIN ~SSH2", "private_key|PuTTY", "private_key|-----BEGIN", "azure_sas|",
}  # fmt: skip


def kinds(text: str) -> set[str]:
    return {one.kind for one in scan(text) if one.confidence >= SURE}


@pytest.mark.parametrize(("kind", "recipe"), CASES)
def test_a_credential_is_found_alone_and_inside_of_text(kind, recipe):
    for seed in range(5):
        made = draw(recipe, random.Random(seed))
        assert f"secret.{kind}" in kinds(made), made
        if recipe[0] != "~":
            assert f"secret.{kind}" in kinds(f"see below\n{made} \nregards"), made


@pytest.mark.parametrize(("kind", "recipe"), CASES)
def test_what_is_too_short_or_stands_for_one_is_not(kind, recipe):
    if any(f"{kind}|{recipe}".startswith(one) for one in NEAR):
        pytest.skip("its head alone says what it is")
    short = draw(recipe, random.Random(1), part=0.1)
    assert f"secret.{kind}" not in kinds(short), short
    if re.search(r"\{[abwhlUd][0-9]{2}", recipe):
        for fill in ("x", "X"):
            stands = draw(recipe, random.Random(1), fill)
            assert f"secret.{kind}" not in kinds(stands), stands


def test_every_row_has_a_case():
    drawn: dict[str, list[str]] = {}
    for kind, recipe in CASES:
        drawn.setdefault(f"secret.{kind}", []).append(draw(recipe, random.Random(1)))
    missing = [
        (row.kind, row.anchors)
        for row in TOKENS
        if not any(
            (found := row.pattern.search(text)) and (row.check is None or row.check(found[found.lastgroup or 0]))
            for text in drawn.get(row.kind, ())
        )
    ]
    assert not missing


def test_there_are_at_least_a_hundred_providers():
    ours = {"private_key", "jwt", "http_basic", "http_bearer", "password_hash", "url_password", "command_password"}
    assert len({row.kind for row in TOKENS} - {f"secret.{one}" for one in ours}) >= 200


def test_a_check_sum_that_is_right_makes_sure():
    wrong, right = (
        max(one.confidence for one in scan(draw(recipe, random.Random(3))))
        for recipe in ("gh~p_{a36}", "gh~p_{crc30}")
    )
    assert wrong < right == 0.99


IN_PLACE = [  # the value is put where VALUE stands
    "database:\n  user: app\n  password: VALUE\n",
    "[mysqld]\npassword=VALUE\n",
    "export DB_PASSWORD=VALUE",
    "spring.datasource.password=VALUE",
    '{"user": "app", "password": "VALUE"}',
    "<password>VALUE</password>",
    '<add key="DbPassword" value="VALUE"/>',
    '{"name": "DB_PASSWORD", "value": "VALUE"}',
    "- name: DB_PASSWORD\n  value: VALUE",
    "CREATE USER app IDENTIFIED BY VALUE;",
    "ALTER ROLE app WITH PASSWORD 'VALUE';",
    "ENV DB_PASSWORD VALUE",
    'variable "x" {\n  db_password = "VALUE"\n}',
    "mysqldump --password=VALUE shop",
    "Connect-Server -User app -Password VALUE",
    'client.setPassword("VALUE");',
    'def connect(password: str = "VALUE"):',
    "jdbc:mysql://db/shop?user=app&password=VALUE&ssl=true",
    "Driver={SQL Server};Server=db;Uid=app;Pwd=VALUE;Database=shop",
    "mongodb+srv://app:VALUE@cluster.mongodb.net/shop",
    "redis://:VALUE@cache:6379/0",
    "amqps://app:VALUE@queue/v",
    "smtp://app:VALUE@mail.corp:587",
    "machine files.corp login tom password VALUE",
    "machine files.corp\n  login tom\n  password VALUE\n",
    "password:\n  VALUE\n",
    '{"password":\n    "VALUE"\n}',
    'variable "db_password" {\n  default = "VALUE"\n}',
    '#define WIFI_PASSWORD    "VALUE"',
    "Wachtwoord: VALUE",
    "Hasło: VALUE",
    "Пароль: VALUE",
    "密码：VALUE",
    "パスワード: VALUE",
    "비밀번호: VALUE",
]


def test_what_stands_between_quotes_belongs_to_the_value():
    for value in ("h&s4Q#c7E,304;J8", "kd(7)Jw<9;x}pQ", "a]b}c>d)9Z"):
        text = f'password = "{value}"'
        assert value in [text[one.start : one.end] for one in scan(text) if one.kind == "secret.password"], value
    assert not kinds('password = "connect(user, name)"')
    assert not kinds("passwords:\n  minimum: 12\n")
    assert not kinds("Password:\nmust have 8 characters")


def test_names_of_passwords_are_none_in_connection_strings_and_commands():
    for value in ("password", "yourpassword", "secret", "myPassword", "****", "12345678"):
        assert "secret.dsn_password" not in kinds(f"Server=db;User Id=app;Password={value};Database=pay"), value
        assert not kinds(f"redis-cli -h cache -a {value}"), value
    assert not kinds("mysql -u root -p shop")
    assert not kinds("docker run --name s.tools -p 8080:80 login")


@pytest.mark.parametrize("text", IN_PLACE)
def test_a_password_is_found_in_files_of_many_forms(text):
    for value in ("Wint3rRain88", "k7#Tq9vLw2", "pQ4zX8mB6nR1"):
        full = text.replace("VALUE", value)
        assert value in [full[one.start : one.end] for one in scan(full) if one.confidence >= SURE], full
        assert not kinds(text.replace("VALUE", "${SECRET_FROM_VAULT}")) & {
            "secret.password",
            "secret.url_password",
        }


def test_a_key_is_named_after_its_provider():
    value = draw("{h40}", random.Random(4))
    for text in ("SNYK_TOKEN={}", "snyk token {}", '"snyk_api_key": "{}"', "snyk-secret-key: {}"):
        assert "secret.snyk" in kinds(text.replace("{}", value)), text
    assert "secret.generic" in kinds(f"deploy_token={value}")
    assert "secret.snyk" in kinds("snyk_token = 5b1c7a90-2d3e-4f6a-8b9c-0d1e2f3a4b5c")


@pytest.mark.parametrize(
    "text",
    [
        "encrypted_key: 'Z6eD4UKyFb5ZoKvKkGAdqywEGm0e4IYo0x8'",
        "public_key = 'Z6eD4UKyFb5ZoKvKkGAdqywEGm0e4IYo0x8'",
        "key: fixtures/certs/localhost/key.pem",
        "cache-key: v1-dependencies-build-2024",
        "primary_key = 5b1c7a90-2d3e-4f6a-8b9c-0d1e2f3a4b5c",
        "The key differentiators of our product",
        "api_key = settings.api_key",
        "token: process.env.TOKEN",
        "password: string",
        '"password": "Enter your password"',
        "password_confirmation = params[:password]",
        "max_tokens: 4096",
        "tokenizer = AutoTokenizer.from_pretrained('bert-base')",
        "key=lambda row: row.name",
        "secretary: Lena Roth",
    ],
)
def test_names_without_a_secret_are_none(text):
    assert not {kind for kind in kinds(text) if kind.startswith("secret.")}


@pytest.mark.parametrize(
    "text",
    [
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        '"integrity": "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuw=="',
        "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBa\n-----END CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs\n-----END PUBLIC KEY-----",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8d0Yd9kVxjM1Q5p7c tom@corp",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwA",
        "id: f47ac10b-58cc-4372-a567-0e02b2c3d479",
        "docker run -u 1000:1000 image",
        "git clone https://github.com/corp/site.git",
        "sk-learn pat-down key-value re_export hf_transfer api-docs md-content",
        "!function(e,t){var n=e.key||t.token;return n?n:e.secretKey(t)}(window,document);",
        '{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"}',
    ],
)  # fmt: skip
def test_what_only_looks_random_is_not(text):
    assert not {kind for kind in kinds(text) if kind.startswith("secret.")}
