"""Writers of foreign files for these tests, with what hides in each."""

from __future__ import annotations

from collections.abc import Mapping

import office

DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
SLIDES = "http://schemas.openxmlformats.org/presentationml/2006/main"
PROPERTIES = {
    "docProps/app.xml": "<Properties><Company>Harbor Ltd</Company><Manager>Mia</Manager></Properties>",
    "docProps/custom.xml": "<Properties xmlns:vt='urn:vt'>"
    "<property name='Client' pid='2'><vt:lpwstr>Client R&amp;D 7</vt:lpwstr></property>"
    "<property name='MSIP_Label_11-22_Name' pid='3'><vt:lpwstr>Secret</vt:lpwstr></property></Properties>",
    "docMetadata/LabelInfo.xml": "<clbl:labelList xmlns:clbl='urn:mip'>"
    "<clbl:label id='{33-44}' enabled='1' method='Privileged' siteId='{t}' removed='0'/></clbl:labelList>",
}
MARKS = (
    ("MSIP_Label_11-22_Name", "Secret"),
    ("MSIP_Label_33-44_LabelInfo", "1"),
    ("MSIP_Label_33-44_Enabled", "1"),
    ("MSIP_Label_33-44_SiteId", "{t}"),
    ("MSIP_Label_33-44_Method", "Privileged"),
    ("MSIP_Label_33-44_Removed", "0"),
)


def relations(*told: tuple[str, str, str]) -> str:
    """Write relationships of (id, kind, target)."""
    each = "".join(
        f'<Relationship Id="{id}" Type="{office.OFFICE}/{kind}" Target="{target}"'
        + (' TargetMode="External"/>' if "://" in target else "/>")
        for id, kind, target in told
    )
    return f'<Relationships xmlns="{office.PACKAGE}/relationships">{each}</Relationships>'


def shape(text: str, kind: str = "body", described: str = "") -> str:
    words = "".join(f"<a:p><a:r><a:t>{line}</a:t></a:r></a:p>" for line in text.split("\n"))
    named = f'<p:cNvPr id="1" name="x" descr="{described}"/><p:nvPr><p:ph type="{kind}"/></p:nvPr>'
    return f"<p:sp><p:nvSpPr>{named}</p:nvSpPr><p:txBody>{words}</p:txBody></p:sp>"


def slide(*shapes: str, tag: str = "sld", attributes: str = "") -> str:
    spaces = f'xmlns:p="{SLIDES}" xmlns:a="{DRAWING}"'
    return f"<p:{tag} {spaces} {attributes}><p:cSld><p:spTree>{''.join(shapes)}</p:spTree></p:cSld></p:{tag}>"


def pptx(slides: Mapping[str, str], more: Mapping[str, str] | None = None) -> bytes:
    """Write slides, by the names of their parts, in the order given."""
    listed = "".join(f'<p:sldId id="{256 + at}" r:id="r{at}"/>' for at, _ in enumerate(slides))
    told = [(f"r{at}", "slide", f"slides/{name}.xml") for at, name in enumerate(slides)]
    return office.packed(
        {
            "[Content_Types].xml": f'<Types xmlns="{office.PACKAGE}/content-types"/>',
            "ppt/presentation.xml": f'<p:presentation xmlns:p="{SLIDES}" xmlns:r="{office.OFFICE}">'
            f"<p:sldIdLst>{listed}</p:sldIdLst></p:presentation>",
            "ppt/_rels/presentation.xml.rels": relations(*told),
            **{f"ppt/slides/{name}.xml": body for name, body in slides.items()},
            **(more or {}),
        }
    )


def workbook(sheets: Mapping[str, str], more: Mapping[str, str] | None = None) -> bytes:
    """Write sheets of one cell each; a name of "Pay:hidden" states how the sheet is seen."""
    plain = office.xlsx({name.partition(":")[0]: [[text]] for name, text in sheets.items()})
    parts = unpacked(plain)
    for name in sheets:
        shown, _, state = name.partition(":")
        if state:
            old = f'<sheet name="{shown}"'
            parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(old, f'{old} state="{state}"')
    return office.packed(parts | dict(more or {}))


def unpacked(data: bytes) -> dict[str, str]:
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def opendocument(kind: str, body: str, styles: str = "") -> bytes:
    """Write an OpenDocument with properties, a header and automatic styles."""
    names = ("office", "text", "table", "draw", "style", "presentation", "meta", "svg", "fo")
    spaces = (
        " ".join(f'xmlns:{name}="urn:{name}"' for name in names) + ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
    )
    meta = (
        "<dc:title>Plan B</dc:title><dc:creator>Ann</dc:creator><meta:user-defined meta:name='Client'>Client 7"
        "</meta:user-defined><meta:user-defined meta:name='MSIP_Label_1-2_Name'>Secret</meta:user-defined>"
    )
    return office.packed(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "content.xml": f"<office:document-content {spaces}><office:automatic-styles>{styles}"
            f"</office:automatic-styles><office:body>{body}</office:body></office:document-content>",
            "styles.xml": f"<office:document-styles {spaces}><style:header><text:p>At the top</text:p>"
            "</style:header></office:document-styles>",
            "meta.xml": f"<office:document-meta {spaces}>{meta}</office:document-meta>",
        }
    )


def stream(head: str, body: str) -> str:
    return f"<< {head} /Length {len(body)} >>\nstream\n{body}\nendstream"


def pdf_with(data: bytes, objects: Mapping[str, str], trailer: str) -> bytes:
    """Return a PDF with objects added or replaced; its table is left out, so that readers rebuild it."""
    more = "".join(f"{number} 0 obj\n{body}\nendobj\n" for number, body in objects.items())
    return data[: data.index(b"xref\n")] + f"{more}trailer << /Root 1 0 R {trailer} >>\n%%EOF\n".encode()
