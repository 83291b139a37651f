"""Write down how Chromium renders the HTML mails of the test vectors: ``make chromium-views``.

Each mail is opened in a window 800 pixels wide, scripts off and the network cut, and asked for two texts: ``inner``,
which is Chromium's own innerText, and ``seen``, the text nodes that also have a place on the page, a size, a colour
other than what lies behind them, and some opacity. The tests compare our human view with both; they need no Chromium.
"""

import argparse
import gzip
import html
import json
import re
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

from gatepost.mail import fields, mime
from verify.reading import pixels

VECTORS = Path(__file__).parents[2] / "vectors"
RENDERED = Path(__file__).with_name("rendered.jsonl.gz")
CARRIERS = Path(__file__).with_name("carriers.toml")
CARRIED = Path(__file__).with_name("carried.jsonl")
MAX_CHARS = 200_000
BATCH = 12

PAGE = """<!DOCTYPE html><meta charset=utf-8><body><script>
const sources = %s;
function visible(node, view) {
  let element = node.parentElement, opacity = 1;
  const style = view.getComputedStyle(element);
  if (style.visibility !== "visible" || parseFloat(style.fontSize) <= 2) return false;
  const range = node.ownerDocument.createRange();
  range.selectNodeContents(node);
  const boxes = [...range.getClientRects()].filter(box => box.width > 0 && box.height > 0);
  if (!boxes.some(box => box.right > 0 && box.bottom > -50)) return false;
  let behind = null;
  for (let at = element; at; at = at.parentElement) {
    const look = view.getComputedStyle(at);
    opacity *= parseFloat(look.opacity);
    const isFlat = (at.clientHeight < 2 || at.clientWidth < 2) && look.display !== "inline";
    if (look.overflow !== "visible" && isFlat) return false;
    if (behind === null && look.backgroundImage !== "none") behind = "image";
    if (behind === null && !/^rgba\\(.*, 0\\)$/.test(look.backgroundColor)) behind = look.backgroundColor;
  }
  if (opacity < 0.05) return false;
  const numbers = text => (text.match(/[0-9.]+/g) || []).slice(0, 3).map(Number);
  const own = numbers(style.color), back = behind === null ? [255, 255, 255] : numbers(behind);
  if (/^rgba\\(.*, 0\\)$/.test(style.color)) return false;
  return behind === "image" || own.reduce((sum, one, at) => sum + Math.abs(one - back[at]), 0) > 24;
}
const found = [];
for (const source of sources) {
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-same-origin");
  frame.width = 800; frame.height = 2000;
  document.body.append(frame);
  const page = frame.contentDocument;
  page.open(); page.write(source); page.close();
  const pieces = [];
  const walker = page.createTreeWalker(page.body || page, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (/^(SCRIPT|STYLE|TITLE|TEXTAREA|OPTION|NOSCRIPT)$/.test(node.parentElement.tagName)) continue;
    if (node.data.trim() && visible(node, frame.contentWindow)) pieces.push(node.data);
    else if (!node.data.trim()) pieces.push(" ");
  }
  found.push({inner: page.body ? page.body.innerText : "", seen: pieces.join("\\u0001")});
  frame.remove();
}
const out = document.createElement("pre");
out.id = "out";
out.textContent = JSON.stringify(found);
document.body.replaceChildren(out);
</script>"""


def mails() -> Iterator[tuple[str, str]]:
    """Yield the name and the HTML of each mail: templates, and the HTML parts of the torture messages."""
    for line in (VECTORS / "injection" / "benign.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["kind"].startswith("html"):
            yield row["id"], row["html"]
    for path in sorted((VECTORS / "mime" / "messages").rglob("*.eml")):
        raw = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        for leaf in mime.read(raw, fields.split(raw)).leaves:
            if leaf.is_body and leaf.content_type == "text/html" and 0 < len(leaf.text) <= MAX_CHARS:
                yield f"{path.parent.name}/{path.stem}#{leaf.number}", leaf.text


def rendered(chromium: str, sources: list[str]) -> list[dict[str, str]]:
    """Return both texts of each source."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(
            PAGE % json.dumps(sources).replace("</", "<\\/").replace("<!--", "<\\u0021--"), encoding="utf-8"
        )
        command = [
            chromium, "--headless", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={folder}/profile", "--virtual-time-budget=20000", "--dump-dom", page.as_uri(),
        ]  # fmt: skip
        told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)  # noqa: S603  # what we installed
    found = re.search(r'<pre id="out">(.*?)</pre>', told.stdout, re.DOTALL)
    if found is None:
        raise SystemExit("Chromium said nothing")
    answers: list[dict[str, str]] = json.loads(html.unescape(found[1]))
    return answers


def main() -> None:
    """Render all mails and write what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chromium", default=shutil.which("chromium") or "chromium")
    chromium = parser.parse_args().chromium
    with gzip.GzipFile(RENDERED, "wb", mtime=0) as file:
        file.writelines(_rows(chromium, list(mails())))
    CARRIED.write_bytes(b"".join(_rows(chromium, list(carriers().items()))))
    pixels.write(chromium)


def carriers() -> dict[str, str]:
    """Return ways to hide words, by name: each an HTML body."""
    found: dict[str, str] = tomllib.loads(CARRIERS.read_text(encoding="utf-8"))
    return found


def _rows(chromium: str, listed: list[tuple[str, str]]) -> Iterator[bytes]:
    for at in range(0, len(listed), BATCH):
        batch = listed[at : at + BATCH]
        for (name, _), texts in zip(batch, rendered(chromium, [source for _, source in batch]), strict=True):
            yield json.dumps({"id": name, **texts}, ensure_ascii=False).encode() + b"\n"


if __name__ == "__main__":
    main()
