"""What no schema can say: real pictures, a product and a file that exist, keys that are new.

Everything else is made by Schemathesis from the document. Only requests that are meant to be good
are changed, so that they get further than 404 and 415; what is meant to be bad is sent as it is.
"""

import itertools
import os
from pathlib import Path

import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis.core.failures import AcceptedNegativeData

API = os.environ["PACKSHOT_API"]
ADMIN = {"Authorization": f"Bearer {os.environ['PACKSHOT_TOKEN']}"}
FIXTURES = Path(os.environ["PACKSHOT_FIXTURES"])
PRODUCT = "kept"
PICTURES = {
    "image/jpeg": (FIXTURES / "small_640x640.jpg").read_bytes(),
    "image/png": (FIXTURES / "cutout_400x400.png").read_bytes(),
    "image/webp": (FIXTURES / "photo_1000x750.webp").read_bytes(),
}
EVERY_OTHER = itertools.cycle([True, False])

for media_type, picture in PICTURES.items():
    schemathesis.openapi.media_type(media_type, st.just(picture))


@schemathesis.deserializer(*PICTURES)
def read_picture(context, response):
    return response.content.decode("latin-1")


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta is None or (case.meta.generation.mode.is_negative and not made_good(case)):
        return
    # Nothing is in a state that was made up.
    for name in ("If-Match", "If-None-Match", "If-Unmodified-Since"):
        case.headers.pop(name, None)
    stateful = case.meta.phase.name.value == "stateful"
    if case.operation.path == "/files" and case.operation.method.upper() == "POST":
        complete_upload(case, stateful)
    if case.operation.path.startswith("/static/img/products/") and not stateful and next(EVERY_OTHER):
        existing = {"productId": PRODUCT, "folder": "thumb", "filename": existing_file()}
        for name in case.path_parameters:
            case.path_parameters[name] = existing[name]
    # Bytes fit no schema, but what was put in is as good as what it replaced.
    case._record_starting_state()


def complete_upload(case, stateful):
    if isinstance(case.body, dict):
        pictures = list(PICTURES.values())
        case.body["file"] = pictures[len(case.body) % len(pictures)]
        if not stateful:
            case.body["productId"] = existing_product()
    # A key used again with another form is refused, as it must be; the end-to-end tests ask for that.
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = f"{case.headers['Idempotency-Key'][:200]}-{case.id}"


def made_good(case):
    """Whether the request was good when it was made.

    A link that puts the id of a product into a form makes Schemathesis look at the form again, and no
    form with bytes in it passes for good a second time.
    """
    return case.meta.phase.data.description == "Positive test case"


@schemathesis.hook
def filter_failure(context, failure, case, response):
    return not (isinstance(failure, AcceptedNegativeData) and case.meta is not None and made_good(case))


def existing_product():
    """The product that good uploads go to, made again: Schemathesis deletes what it finds."""
    answer = requests.put(f"{API}/products/{PRODUCT}", json={"name": "Kept"}, headers=ADMIN, timeout=60)
    answer.raise_for_status()
    return PRODUCT


def existing_file():
    """The name of an original of that product."""
    listed = requests.get(f"{API}/files", params={"productId": existing_product()}, timeout=60).json()
    if listed["items"]:
        return listed["items"][0]["filename"]
    picture = {"file": ("a.jpg", PICTURES["image/jpeg"], "image/jpeg")}
    answer = requests.post(f"{API}/files", data={"productId": PRODUCT}, files=picture, headers=ADMIN, timeout=60)
    answer.raise_for_status()
    return answer.json()["filename"]
