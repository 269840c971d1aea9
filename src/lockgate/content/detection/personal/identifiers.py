"""What offices, insurers, employers, courts and banks number people and things by, told by the words before it.

The words are in the large languages of Europe; the forms are as wide as the offices' habits.
"""

from __future__ import annotations

from typing import Final

from lockgate.content.detection.personal.fields import Field, digits

_NO: Final = r"(?: ?(?:no|nr|num|number|#|id|code)\b| ?(?:nº|n°|#))"

FIELDS: Final[tuple[Field, ...]] = (
    Field(
        "id.passport",
        r"passport|reisepass|pass-?nr|passnummer|passeport|pasaporte|passaporto|passaporte|paspoort|paszport"
        rf"|visa{_NO}|visum",
        r"[A-Z]{0,3}[ -]?[0-9]{6,9}|[A-Z][0-9A-Z]{6,9}|[0-9]{2} ?[A-Z]{2} ?[0-9]{5}|[0-9]{2} [0-9]{2} [0-9]{6}",
        0.9,
        digits(4),
    ),
    Field(
        "id.driver_license",
        r"driv(?:er|ing)(?:'?s)?[ -]?li[cs]en[cs]e|driver(?:'?s)? lic|dl ?(?:no|number|#)|führerschein|permis "
        r"de conduire"
        r"|permiso de conduc|carnet de conducir|licencia de conduc|patente di guida|carta de condu|rijbewijs"
        r"|prawo jazdy|körkort",
        sure=0.9,
    ),
    Field(
        "health.identifier",
        r"mrn|medical record|med(?:ical)? rec|patient[ -]?(?:id|no|nr|number|#)|patienten-?(?:nr|nummer|id)"
        rf"|health (?:card|insurance|plan)|member{_NO}|subscriber{_NO}|beneficiary{_NO}|nhc|n\.h\.c|historia "
        rf"clínica"
        r"|nuhsa|nass|afiliación|krankenversicher[a-z]{0,6}nummer|versicherten-?(?:nr|nummer)|kvnr|sécurité "
        r"sociale"
        rf"|insurance (?:id|policy)|policy{_NO}|police{_NO}|póliza|prescription|rx{_NO}|rx[:#]|episodio|encounter"
        r"|tessera sanitaria|bsn-?zorg",
        sure=0.85,
    ),
    Field(
        "id.professional",
        rf"employee{_NO}|emp{_NO}|staff{_NO}|worker{_NO}|badge{_NO}|personal-?(?:nr|nummer)|mitarbeiter-?(?:nr"
        rf"|nummer|id)"
        rf"|matricule|legajo|bar{_NO}|bar (?:license|admission|card)|state bar|attorney{_NO}|npi|dea{_NO}"
        rf"|(?:medical|nursing|professional|physician) li[cs]en[cs]e|li[cs]en[cs]e{_NO}|colegiad[oa]|n(?:º|°"
        rf"|o\.?|ro\.?|úm\.?) ?col"
        r"|rpps|lanr|gmc|nmc pin",
        sure=0.85,
    ),
    Field(
        "id.legal",
        rf"case{_NO}|docket|cause no|civil action|criminal action|matter{_NO}|court file|aktenzeichen"
        rf"|geschäftszeichen"
        r"|az\.:?|expediente|procedimiento|n° rg|dossier n|numéro de dossier|sygn\.|processo",
        r"[0-9]{1,2}:[0-9]{2}-[A-Za-z]{2}-[0-9]{3,6}(?:-[A-Z]{2,4}){0,2}"
        r"|[0-9]{1,3} [A-Z][A-Za-z]{0,3} [0-9]{1,5}/[0-9]{2}|[A-Z]{0,4}[-. "
        r"]?[0-9][0-9A-Za-z]{0,12}(?:[-/.:][0-9A-Za-z]{1,10}){0,4}",
        0.8,
    ),
    Field(
        "id.vehicle",
        rf"(?:li[cs]en[cs]e|number|registration|vehicle|car) plate|plate{_NO}|kennzeichen|immatriculation"
        rf"|matrícula|targa"
        rf"|kenteken|registration{_NO}|reg\.? ?no|placa",
        r"[A-Z0-9]{1,4}(?:[ -]?[A-Z0-9]{1,4}){1,3}",
        0.85,
        lambda value: 4 <= sum(c.isalnum() for c in value) <= 9 and any(map(str.isalpha, value)),
    ),
    Field(
        "financial.account",
        rf"(?:bank |savings |checking |deposit )?account{_NO}|acct\.?{_NO}|acct\.?[:#]|a/c|account(?: is)?[:#]?"
        rf"|konto(?:nummer|-?nr)?|cuenta"
        r"|numéro de compte|compte bancaire|conto corrente|conta corrente|rekening(?:nummer)?|numer konta"
        r"|routing|aba|sort[ -]code|bsb|blz|bankleitzahl|clabe",
        r"[0-9]{2}-[0-9]{2}-[0-9]{2}(?:[ ,/-]{1,3}[0-9]{7,8})?|[0-9]{3}-[0-9]{3}|[0-9]{6,18}"
        r"|[0-9]{2,6}(?:[ -][0-9]{2,8}){1,5}",
        0.8,
        digits(6),
    ),
    Field("financial.account", r"ifsc", r"[A-Z]{4}0[A-Z0-9]{6}", 0.95),
    Field(
        "id.national.xx",
        rf"national (?:id|identification|identity|insurance)|identity card|id card|citizen(?:ship)?{_NO}|civil id"
        r"|identification n|tax ?payer|tax (?:id|identification|number|file|ref)|tin|vat id",
        sure=0.75,
        check=digits(5),
    ),
    Field(
        "id.national.us",
        r"ein|employer id|fein|ssn|social security|itin",
        r"[0-9]{2}-[0-9]{7}|9[0-9]{2}-[0-9]{2}-[0-9]{4}",
        0.9,
    ),
    Field(
        "id.national.de",
        r"personalausweis|ausweisnummer|ausweis-?nr|steuernummer|st\.?-?nr|steuer-?nr|sozialversicherungsnummer",
        r"[0-9]{2,3}/[0-9]{3,4}/[0-9]{4,5}|[CFGHJKLMNPRTVWXYZ0-9]{9,10}|[0-9]{10,13}",
        0.85,
        digits(4),
    ),
    Field(
        "id.national.fr",
        r"carte (?:nationale )?d.identité|cni|numéro fiscal|numéro de sécu",
        r"[0-9A-Z]{9,15}|[0-9]{2}(?: [0-9]{2,3}){3,6}",
        0.85,
        digits(6),
    ),
    Field(
        "id.national.es",
        r"dni|nif|nie|documento nacional",
        r"[0-9]{7,8}[- ]?[A-Z]?|[XYZ][- ]?[0-9]{7}[- ]?[A-Z]?",
        0.75,
        digits(7),
    ),
    Field("id.national.ar", r"dni|documento", r"[0-9]{2}\.[0-9]{3}\.[0-9]{3}", 0.85, digits(7)),
    Field(
        "id.national.co",
        r"cédula|cc n",
        r"[0-9]{1,2}\.?[0-9]{3}\.?[0-9]{3}|1\.?[0-9]{3}\.?[0-9]{3}\.?[0-9]{3}",
        0.85,
        digits(6),
    ),
    Field("id.national.ve", r"cédula|c\.?i\b\.?", r"[VE]-?[0-9]{1,2}\.?[0-9]{3}\.?[0-9]{3}", 0.9, digits(6)),
    Field("id.national.mx", r"rfc|registro federal", r"[A-Z&]{3,4}[0-9]{6}[A-Z0-9]{3}", 0.9, digits(6)),
    Field(
        "id.national.it",
        r"carta d.identità|codice fiscale|partita iva",
        r"[A-Z]{2}[0-9]{5,7}[A-Z]{0,2}|[0-9]{11}",
        0.85,
        digits(5),
    ),
    Field(
        "id.national.br",
        r"rg|registro geral|cpf",
        r"[0-9]{1,2}\.[0-9]{3}\.[0-9]{3}-[0-9X]|[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}",
        0.85,
        digits(7),
    ),
    Field("id.national.pl", r"dowód|dowodu", r"[A-Z]{3} ?[0-9]{6}", 0.9, digits(6)),
    Field("id.national.ng", r"nin", r"[0-9]{11}|[0-9]{4}-[0-9]{3}-[0-9]{4}", 0.8, digits(11)),
    Field("id.national.ke", r"kra pin", r"A[0-9]{9}[A-Z]", 0.95, digits(9)),
    Field(
        "id.national.ph",
        r"philsys|umid|sss",
        r"[0-9]{4}-[0-9]{4}-[0-9]{4}(?:-[0-9]{4})?|[0-9]{2}-[0-9]{7}-[0-9]",
        0.85,
        digits(10),
    ),
    Field("id.national.vn", r"cccd|cmnd", r"[0-9]{9}|[0-9]{12}", 0.85, digits(9)),
    Field("id.national.eg", r"الرقم القومي|national id", r"[23][0-9]{13}", 0.85, digits(14)),
    Field("id.national.sa", r"iqama|رقم الهوية", r"[12][0-9]{9}", 0.85, digits(10)),
    Field("id.national.ru", r"паспорт|серия", r"[0-9]{2} ?[0-9]{2}[ ,№N]{0,3} ?[0-9]{6}", 0.85, digits(10)),
    Field("id.national.gb", r"utr|unique taxpayer", r"[0-9]{10}|[0-9]{5} [0-9]{5}", 0.9, digits(10)),
)
