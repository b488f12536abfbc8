"""The customer's class `ProductImageUploader`: every method that speaks to the server.

Run with `unchanged` or `repaired`. As it is written, `_prepare_upload_data` returns the file from
within the `with` that closes it: `requests` then cannot read it, and nothing is ever sent, to any
server. Repaired in that one line, everything works.
"""

import http.server
import os
import shutil
import sys
import tempfile
import threading
from pathlib import Path

CODE = Path(os.environ["CODE"]).read_text()
API = os.environ["API"]
TOKEN = os.environ["TOKEN"]
FIXTURES = Path(os.environ["FIXTURES"])
CLOSED = "read of closed file"


def load(code):
    module = {"__name__": "customer"}
    exec(compile(code, "post-files.md", "exec"), module)
    return module


class Echo(http.server.BaseHTTPRequestHandler):
    """A server that says yes to everything."""

    heard = []

    def do_POST(self):
        self.heard.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(201)
        self.end_headers()
        self.wfile.write(b'{"id": "img_1"}')

    def log_message(self, *args):
        pass


def pictures(folder):
    for name in ["small_640x640.jpg", "cutout_400x400.png", "photo_1000x750.webp"]:
        shutil.copy(FIXTURES / name, folder / name)
    return folder / "small_640x640.jpg"


def unchanged(folder):
    customer = load(CODE)
    echo = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=echo.serve_forever, daemon=True).start()
    picture = pictures(folder)
    for base in [API, f"http://127.0.0.1:{echo.server_port}"]:
        uploader = customer["ProductImageUploader"](base, TOKEN)
        for call in [
            lambda: uploader.upload_image(picture, "prod_789"),
            lambda: uploader.upload_image(picture, "prod_789", {"process": False}),
            lambda: uploader.upload_with_processing_pipeline(picture, "prod_789", [{"type": "compress"}]),
            lambda: uploader.upload_with_variants(picture, "prod_789", [{"name": "small", "width": 320}]),
        ]:
            try:
                call()
            except ValueError as error:
                assert str(error) == CLOSED, error
            else:
                raise AssertionError("a closed file was sent")
        for many in [
            uploader.upload_multiple_images([picture], "prod_789"),
            uploader.upload_from_directory(folder, "prod_789"),
        ]:
            assert many["successful"] == [], many
            assert many["failed"] and all(CLOSED in failed["error"] for failed in many["failed"]), many
    assert Echo.heard == []


def repaired(folder):
    closed = "                f,\n                metadata.mime_type\n"
    assert CODE.count(closed) == 1
    customer = load(CODE.replace(closed, closed.replace("f,", "f.read(),")))
    uploader = customer["ProductImageUploader"](f"{API}/", TOKEN)
    picture = pictures(folder)

    one = uploader.upload_image(picture, "prod_789", {
        "is_primary": True, "alt_text": "Premium wireless keyboard", "caption": "Main product image", "order": 2,
        "tags": ["keyboard"], "metadata": {"photographer": "John Doe", "shot_on": "2024-01-15"},
    })
    assert one["isPrimary"] and one["order"] == 2 and one["tags"] == ["keyboard"], one
    assert one["altText"] == "Premium wireless keyboard" and one["caption"] == "Main product image", one
    assert one["metadata"]["photographer"] == "John Doe", one
    assert one["mimeType"] == "image/jpeg" and one["originalName"] == "processed_small_640x640.jpeg", one
    assert not list(folder.glob("processed_*"))

    as_it_is = uploader.upload_image(folder / "cutout_400x400.png", "prod_789", {"process": False})
    assert as_it_is["mimeType"] == "image/png" and as_it_is["dimensions"]["width"] == 400, as_it_is

    many = uploader.upload_multiple_images(sorted(folder.iterdir()), "prod_789", {"max_workers": 2})
    assert len(many["successful"]) == 3 and many["failed"] == [], many
    one_after_another = uploader.upload_multiple_images([picture], "prod_789", {"parallel": False})
    assert len(one_after_another["successful"]) == 1, one_after_another
    # Its pattern finds every ending but the first.
    directory = uploader.upload_from_directory(folder, "prod_789")
    assert len(directory["successful"]) == directory["total"] == 2, directory

    steps = [
        {"type": "resize", "options": {"width": 500}},
        {"type": "crop", "options": {"left": 0, "top": 0, "right": 400, "bottom": 320}},
        {"type": "compress", "options": {"quality": 80}},
        {"type": "convert", "options": {"format_name": "webp"}},
    ]
    pipeline = uploader.upload_with_processing_pipeline(picture, "prod_789", steps)
    assert pipeline["mimeType"] == "image/webp" and len(pipeline["processing_pipeline"]) == 4, pipeline
    assert pipeline["dimensions"] == {"width": 400, "height": 320, "aspectRatio": "5:4"}, pipeline

    wanted = [
        {"name": "medium", "width": 500, "quality": 85, "format": "jpeg"},
        {"name": "webp", "width": 600, "quality": 85, "format": "webp"},
        {"name": "thumbnail", "width": 150, "quality": 75, "format": "jpeg"},
    ]
    variants = uploader.upload_with_variants(picture, "prod_789", wanted)["variants"]
    assert variants["medium"]["dimensions"]["width"] == 500, variants
    assert variants["webp"]["metadata"]["is_variant"] is True, variants
    # Smaller than any picture may be: the class itself says so.
    assert "too small" in variants["thumbnail"]["error"], variants

    for product, token, status, detail in [
        ("prod_none", TOKEN, 404, "Product with ID 'prod_none' not found."),
        ("prod_789", "stale", 401, "Missing or invalid Authorization header."),
    ]:
        try:
            customer["ProductImageUploader"](API, token).upload_image(picture, product, {"process": False})
        except customer["UploadAPIError"] as error:
            assert error.status_code == status and error.error_data["status"] == status, error.error_data
            assert str(error) == f"Upload failed: {detail}", error
        else:
            raise AssertionError(f"{status} was expected")


with tempfile.TemporaryDirectory() as name:
    {"unchanged": unchanged, "repaired": repaired}[sys.argv[1]](Path(name))
