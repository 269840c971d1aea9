"""Golden cases of data of persons and companies: what is found, with its span, and what only looks like it."""

from __future__ import annotations

import random
import string
import time

import pytest

from lockgate.content.detection import KINDS, scan
from lockgate.content.detection.core import ROWS, Core
from lockgate.content.detection.personal.phones import Phones
from lockgate.content.labeling import _LEVELS, SURE, level_of
from lockgate.labels.label import Sensitivity

FOUND = [
    # kind, text with the value in double angle brackets
    ("id.national.bg", "ЕГН <<7523169263>>"),
    ("id.national.ee", "isikukood <<37605030299>>"),
    ("id.national.lt", "asmens kodas <<37605030299>>"),
    ("id.national.lv", "personas kods <<150385-11234>>"),
    ("id.national.gr", "AMKA <<01013099997>>"),
    ("id.national.hu", "TAJ <<111 111 110>>"),
    ("id.national.ie", "PPS <<6433435F>>"),
    ("id.national.is", "kennitala <<120174-3399>>"),
    ("id.national.lu", "matricule <<1893120105732>>"),
    ("id.national.rs", "JMBG <<0101006500006>>"),
    ("id.national.si", "EMŠO <<0101006500006>>"),
    ("id.national.ru", "СНИЛС <<112-233-445 95>>"),
    ("id.national.ru", "ИНН <<500100732259>>"),
    ("id.national.ua", "РНОКПП <<1759013776>>"),
    ("id.national.ae", "<<784-1968-6570305-0>>"),
    ("id.national.id", "NIK <<3174055208900001>>"),
    ("id.national.kz", "ИИН <<900101300017>>"),
    ("id.national.my", "MyKad <<900101-14-5678>>"),
    ("id.national.nz", "IRD <<49-091-850>>"),
    ("id.national.pk", "CNIC <<35201-1234567-1>>"),
    ("id.national.th", "<<1-2345-67890-12-1>>"),
    ("id.national.tw", "national ID <<A123456789>>"),
    ("id.national.ec", "cédula <<1710034065>>"),
    ("id.national.uy", "cédula <<1.234.567-2>>"),
    ("id.national.us", "EIN <<12-3456789>>"),
    ("id.national.us", "ITIN <<912-70-1234>>"),
    ("id.national.mx", "RFC: <<GODE561231GR8>>"),
    ("id.national.de", "Personalausweis Nr. <<L01X00T47>>"),
    ("id.national.de", "Steuernummer: <<21/815/08150>>"),
    ("id.national.fr", "carte nationale d'identité n° <<880692310285>>"),
    ("id.national.xx", "National ID: <<85-12345-X>>"),
    ("id.passport", "Passport no. <<X1234567>>"),
    ("id.passport", "numéro de passeport : <<09AA12345>>"),
    ("id.passport", "Reisepass-Nr. <<C01X0006H>>"),
    (
        "id.passport",
        "<<P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10>>",
    ),
    (
        "id.national.xx",
        "<<I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<>>",
    ),
    ("id.driver_license", "her driver's license number is <<LH329609T>>"),
    ("id.driver_license", "<<MORGA657054SM9IJ>>"),
    ("id.driver_license", "Führerschein-Nr.: <<B072RRE2I55>>"),
    ("health.identifier", "MRN <<00123456>> was seen"),
    ("health.identifier", "Medicare <<1EG4-TE5-MK73>>"),
    ("health.identifier", "Medicare <<2123 45670 1>>"),
    ("health.identifier", "Policy number: <<HX-99812>>"),
    ("health.identifier", "NHC: <<784356>>."),
    ("id.professional", "NPI <<1234567893>>"),
    ("id.professional", "DEA <<AB1234563>>"),
    ("id.professional", "employee ID: <<EMP-10234>>"),
    ("id.professional", "Bar No. <<123456>>"),
    ("id.professional", "NºCol: <<28 28 61032>>"),
    ("id.legal", "Case No. <<2:21-cv-01234-ABC>>"),
    ("id.legal", "see <<1:19-cr-00123>> there"),
    ("id.legal", "Aktenzeichen: <<12 O 345/21>>"),
    ("id.vehicle", "VIN: <<1HGCM82633A004352>>"),
    ("id.vehicle", "Fahrgestellnummer <<WVWZZZ1JZ3W386752>>"),
    ("id.vehicle", "License plate: <<B-AB 1234>>"),
    ("id.vehicle", "Kennzeichen <<M-XY 123>>"),
    ("id.vat", "USt-IdNr. <<DE123456789>>"),
    ("id.vat", "ABN <<51 824 753 556>>"),
    ("financial.account", "account number <<12345678>>"),
    ("financial.account", "Sort code <<20-00-00>>"),
    ("financial.account", "IFSC: <<SBIN0001234>>"),
    ("financial.account", "BLZ <<37040044>>"),
    ("financial.account.bic", "SWIFT code: <<DEUTDEFF500>>"),
    ("financial.crypto_address", "send btc to <<1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa>>"),
    ("financial.crypto_address", "<<bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4>>"),
    ("financial.crypto_address", "<<0x52908400098527886E0F7030069857D2E4169EE7>>"),
    ("net.ip", "from server <<10.218.6.131>> to"),
    ("net.ip", "at <<4f8a:c99e:dc86:faf9:5988:5f63:375e:8a2a>>."),
    ("net.ip", "at <<2001:db8::8a2e:370:7334>>"),
    ("net.mac", "<<00:1B:44:11:3A:B7>>"),
    ("net.url", "see <<https://www.example.com/x?y=1>>."),
    ("net.url", "on <<www.example.com>>"),
    ("pii.geo", "lat <<52.5200, lon 13.4050>>"),
    ("pii.geo", "<<40.7128, -74.0060>>"),
    ("pii.geo", "<<48°51'24\"N, 2°21'03\"E>>"),
    ("pii.phone", "call <<+49 30 901820>> today"),
    ("pii.phone", "<<(415) 555-2671>>"),
    ("pii.phone", "<<415-555-2671 x12>> or write"),
    ("pii.phone", "Tel.: <<01 23 45 67 89>>"),
    ("pii.phone", "Telefon <<0170 1234567>>"),
    ("pii.phone", "Teléfono: <<620586301>>"),
    ("pii.phone", "<<001-415-555-2671>>"),
    ("pii.phone", "13,Olga Roth,,<<+1 415 555 2671>>,731-53-9537,x"),
    ("pii.phone", "8,Paul Berg,<<(661) 994-3663>>,,4740-5496-1111-1111"),
    ("pii.phone", "Paul Berg,<<415-555-2671>>,417.30,2026-02-13"),
    ("entity.date", "on <<2024-05-17>> we"),
    ("entity.date", "am <<17.05.2024>> um"),
    ("entity.date", "<<5/17/2024>>"),
    ("entity.date", "since <<17 May 2024>>."),
    ("entity.date", "<<May 17, 2024>>"),
    ("entity.date", "el <<17 de mayo de 2024>>"),
    ("entity.date", "at <<2024-05-17T12:30:00Z>>"),
    ("pii.date_of_birth", "Date of birth: <<17/05/1980>>"),
    ("pii.date_of_birth", "geboren am <<17.05.1980>>"),
    ("pii.date_of_birth", "née le <<17 mai 1980>>"),
    ("pii.date_of_birth", "Fecha de nacimiento: <<17/05/1980>>."),
    ("pii.age", "a <<53>> year old man"),
    ("pii.age", "Edad: <<27 años>> Sexo"),
    ("pii.age", "Mujer de <<57 años>>"),
    ("pii.age", "aged <<41>>."),
    ("pii.person", "Dear Mr. <<Berg>>,"),
    ("pii.person", "Frau <<Lena Roth>> kommt"),
    ("pii.person", "Patient: <<Jürgen Weiß>>"),
    ("pii.person", "Apellidos: <<Gómez Ruiz>>."),
    ("pii.person", "with <<Lena van der Roth>> there"),
    ("pii.person", "my name is <<Ndala Okoro>>."),
    ("entity.organization", "from <<Roth & Berg GmbH>> we"),
    ("entity.organization", "at <<Northwind Traders Inc.>>"),
    ("entity.organization", "im <<Hospital General de Segovia>>"),
    ("entity.location", "from <<Berlin>> to"),
    ("entity.location", "in <<New Zealand>>."),
    ("pii.address", "at <<12 Long Acre Street>> today"),
    ("pii.address", "<<742 Evergreen Terrace, Springfield, OR 97403>>"),
    ("pii.address", "in der <<Lindenstraße 12a, 10969 Berlin>>"),
    ("pii.address", "au <<14 bis, rue de la Paix>>"),
    ("pii.address", "<<Calle Mayor, 5>>."),
    ("pii.address", "<<ul. Prosta 5>>"),
    ("pii.address", "<<P.O. Box 1234>>"),
    ("pii.address", "zip code <<94110>>"),
    ("pii.username", "username: <<lena_roth7>>"),
    ("pii.username", "follow me on twitter <<@lenaroth>>"),
    ("health.condition", "she was diagnosed with <<type 2 diabetes>>"),
    ("health.condition", "Diagnosis: <<F32.1>>"),
    ("health.condition", "he suffers from <<epilepsy>>"),
    ("health.condition", "prescribed <<metformin 500 mg>>"),
    ("pii.special_category", "Religion: <<Catholic>>"),
    ("pii.special_category", "he is openly <<gay>>"),
    ("pii.special_category", "Ethnicity: <<Hispanic>>"),
    ("pii.special_category", "political affiliation: <<Republican>>"),
    ("pii.special_category", "she is a member of the <<Teachers Union>>"),
    ("pii.special_category.gender", "Sex: <<F>>"),
    ("pii.special_category.marital_status", "Marital status: <<divorced>>"),
    ("pii.special_category.nationality", "Nationality: <<Norwegian>>"),
    ("pii.special_category.nationality", "two <<Norwegian>> ships"),
    ("hr.job_title", "Job title: <<Head of Treasury>>"),
    ("hr.job_title", "she works as a <<senior tax accountant>>"),
    ("hr.job_title", "our <<Senior Data Engineer>> left"),
    ("entity.money", "for <<$1,250.00>> net"),
    ("entity.money", "costs <<48,000 EUR>>"),
]  # fmt: skip

MISSES = [
    # kind, text in which there is none
    ("pii.phone", "costs 1,415-555 2671"),
    ("pii.phone", "12,345,678.90 and 1,000 000 000,5"),
    ("id.national.bg", "EGN 7523169264"),
    ("id.national.ee", "isikukood 37605030298"),
    ("id.national.ie", "PPS 6433435A"),
    ("id.national.ae", "784-1968-6570305-1"),
    ("id.national.tw", "A123456788"),
    ("id.national.us", "page 12-3456789"),
    ("id.passport", "the passport is in office 12"),
    ("id.passport", "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<11"),
    ("id.driver_license", "a driver's license from 2019"),
    ("health.identifier", "the policy number one of our house"),
    ("id.professional", "every employee ID is secret"),
    ("id.legal", "in that case 12 people came"),
    ("id.vehicle", "the plate number is unknown"),
    ("financial.account", "my account is locked since 2024"),
    ("financial.account.bic", "SWIFT is a network of BANKINGS"),
    ("financial.crypto_address", "send btc to 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"),
    ("financial.crypto_address", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5"),
    ("net.ip", "version 1.2.3.4 and 300.1.1.1 and 1.2.3.4.5"),
    ("net.ip", "std::vector and a::b, at 10:20:30"),
    ("net.mac", "10:20:30:40:50"),
    ("net.url", "a://"),
    ("pii.geo", "3.14159, 2.718"),
    ("pii.phone", "build 20261124, order 123456789, 2026-11-24 12:30, 192.168.10.20"),
    ("pii.phone", "call 12 people, from 2019-2024, 1.234.567 pieces"),
    ("pii.phone", "4111 1111 1111 1111"),
    ("entity.date", "31-13-2024, 2024-13-01, 99/99/2024, 1.2.3, may 5 people"),
    ("pii.date_of_birth", "born to run; the meeting is on 17/05/2024"),
    ("pii.age", "since 10 years, turn 90 degrees, age 5% more, hace 3 años"),
    ("pii.person", "Dear all, the sales team. Mark the date; Will you come? May I?"),
    ("pii.person", "Name: see below\nFrom: the board"),
    ("entity.organization", "a limited company as such"),
    ("entity.location", "china shop, turkey sandwich"),
    ("pii.address", "12 ways to do it; 5 points; route 66 was closed"),
    ("pii.username", "username: required, @property, a@b.example.com"),
    ("health.condition", "our campaign against diabetes; the patient waits; F32.1"),
    ("pii.special_category", "the Catholic church; a straight line; black and white; the union of two sets"),
    ("hr.job_title", "the manager said so"),
    ("entity.money", "EURO 2024, US dollar, 12 points"),
]


HOSTILE = [
    "Mr. ",
    "Mr. Aa ",
    "calle ",
    "calle A ",
    "Calle Aa Aa de ",
    "12 A ",
    "12 Aa Aa ",
    "Aa ",
    "name: Aa ",
    "name:",
    "(030) ",
    "+1 ",
    "+1 2 ",
    "1 2 3 ",
    "tel 1 ",
    "12 rue de la A",
    "Straße 1 ",
    "A.",
    "Aa Inc ",
    "Hospital Aa ",
    "Aa Hospital ",
    "born 1.1.",
    "may 1 ",
    "1 may ",
    "address: 1 Aa ",
    "Dear Aa Aa\n",
    "regards\nAa",
    "passport no no no ",
    "passport A",
    "case no 1:",
    "nif 1",
    "btc 1A",
    "vin A1B2C3D4",
    "1.1.1.1.",
    "a:b:c::",
    "0:0:0:0:",
    "@a",
    "http://a",
    "49.123,8.123 ",
    "a year old ",
    "1 year old ",
    "diagnosed with cancer, cancer, ",
    "i am a very ",
    "works as aa aa aa ",
    "Senior Aa ",
    "$1 ",
    "1,000,000 USD",
    "Berlin ",
    "Lena Roth van der ",
    "norwegian ",
    "2024-01-01",
    "1/1/2024 ",
    "00-00-00-00-",
    "www.a.",
    "P<AAA",
    "New York City New York ",
    "P.O. Box 1 ",
    "zip 12345-",
]


def parts(text: str) -> tuple[str, int, int]:
    start, end = text.index("<<"), text.rindex(">>") - 2
    return text[:start] + text[start + 2 : end + 2] + text[end + 4 :], start, end


def wide(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


@pytest.mark.parametrize(("kind", "marked"), FOUND)
def test_it_is_found_with_its_span(kind, marked):
    text, start, end = parts(marked)
    for front, back in (("", ""), ("Good morning,\n\n", "\n\nBest regards"), ("Grüße: ", " (für Äneas)")):
        found = [one for one in scan(front + text + back) if one.kind == kind and one.confidence >= SURE]
        assert (start + len(front), end + len(front)) in [(one.start, one.end) for one in found]


@pytest.mark.parametrize(("kind", "marked"), FOUND)
def test_odd_characters_hide_nothing(kind, marked):
    text, start, end = parts(marked)
    hidden = wide(text) if "°" not in text else text
    assert (start, end) in [(f.start, f.end) for f in scan(hidden) if f.kind == kind and f.confidence >= SURE]
    if end - start < 2:
        return
    split = text[: start + 1] + "\u200b" + text[start + 1 :]
    assert (start, end + 1) in [(f.start, f.end) for f in scan(split) if f.kind == kind and f.confidence >= SURE]


@pytest.mark.parametrize("number", ["(661) 994-3663", "661-994-3663", "0049 30 901820", "030 901820"])
@pytest.mark.parametrize("many", [0, 2000])
def test_a_word_counts_for_a_phone_wherever_it_may_stand_also_where_no_anchor_ends_in_the_number(number, many):
    """Anchors count bytes, one line feed, and a bracket: what they miss is looked for in the text."""
    fillers = [mark * count for mark in ("-", "é", "– ", "a") for count in range(0, 20, 3)]
    spaces = ["", " ", "  ", "    ", "\n", "\n\n", "\n \t", " \n", "\t\n  \n"]
    texts = [f"Phone{one}{two}{number}\n" for one in fillers for two in spaces]
    model = [tuple(sorted(Phones().scan(text, range(len(text) + 1)))) for text in texts]
    assert Core((), (), (Phones(),)).scan([*texts, "a word " * many])[:-1] == model
    assert {0.85, 0.95} & {one.confidence for found in model for one in found}


@pytest.mark.parametrize(("kind", "text"), MISSES)
def test_what_looks_like_it_is_not(kind, text):
    assert kind not in {one.kind for one in scan(text) if one.confidence >= SURE}


def test_every_kind_has_its_level_and_there_are_many():
    assert len(KINDS) >= 60
    assert sum(kind.startswith("id.national.") for kind in KINDS) >= 45
    for kind in KINDS - {"mark.restricted"}:
        assert any(kind == name or kind.startswith(f"{name}.") for name in _LEVELS), kind
    assert level_of("pii.special_category") == Sensitivity.CONFIDENTIAL


@pytest.mark.parametrize("piece", HOSTILE)
def test_time_is_linear_on_what_almost_is_something(piece):
    """Eight times the text takes at most twenty-four times as long; quadratic would be sixty-four."""

    def cost(size: int) -> float:
        text = (piece * (size // len(piece) + 1))[:size]
        begin = time.process_time()
        scan(text)
        return time.process_time() - begin

    small = min(cost(15_000), cost(15_000))
    large = min(cost(120_000) for _ in range(3))  # what else this process does in between does not count
    assert large < max(0.1, 24 * small)


def test_no_check_fails_for_a_value_of_its_forms():
    maker = random.Random(7)
    for rule in ROWS:
        for form in rule.forms:
            for _ in range(300):
                bare = "".join(
                    maker.choice({"#": string.digits, "A": string.ascii_uppercase}[sign])
                    for sign in form
                    if sign in "#A"
                )
                assert rule.check(bare) in (True, False), (rule.kind, bare)
    assert not [one for one in scan("NIR 294017D04045423, 2 94 01 7D 040 454 23") if one.kind == "id.national.fr"]
