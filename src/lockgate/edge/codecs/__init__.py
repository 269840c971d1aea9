"""Vendors' wire formats as codecs: pure translations, and nothing about policy.

Every door that answers a question is `edge/answering.py` with a codec. The door decides nothing either: it calls
`Chat` and `Release`, which do not know through which door a question came. So the rule is the same on all.

To add a codec, write one module here, `codecs/NAME.py`, with

1. `parse(body, limits, headers) -> Parsed`: look at every field of the JSON body. Each is passed on (in
   `Ask.params`), handled here, refused by name, or unknown (in `Ask.extras`, refused unless the models' cards
   list it). There is no fifth kind. Text that reaches a model stands in `Ask.turns`, `Ask.params` or `Ask.extras`,
   where it is labeled; what stands in none of them is not sent on. `fields.py` has the checks that codecs share.
2. a `Shape` that `parse` returns inside `Parsed`, with what the client said about the form of the answer: `whole`
   renders an answer as one JSON object, `encoder` makes the `Encoder` of one stream. The `lockgate` object of
   `Ended` goes where that vendor's clients tolerate a field that they do not know. `frames.py` writes events.
3. a function that renders a `LockgateError` as that vendor's clients read errors. Status codes are the door's.
4. `CODEC = Codec(parse, problem)`.

Then name its route in `edge/app.py` (`answering.handler(NAME.CODEC)`), and in `_FAMILIES` there the paths whose
refusals have its shape. A row in `tests/edge/apis.py` puts it under the laws of all codecs
(`tests/edge/test_codecs.py`) and of all doors (`tests/e2e/test_doors.py`); the vendor's real client belongs into
`tests/e2e`. A codec that needs to know the subject, a label or a model's card is wrong.
"""
