"""Write down by Chromium's pixels whether the words of hostile bodies are seen: ``make chromium-views``.

Each body is painted twice in a window of 800 by 600 pixels and all that it scrolls to, once with the words and once
with others of the same letters, which take the same room. What differs is what a person could read; fewer than 30
pixels that differ by more than 48 of 765 are nothing. The tests read what was written down; they need no Chromium.
"""

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Self

HIDDEN = Path(__file__).parents[2] / "vectors" / "injection" / "hidden"
SECRET, OTHERS = "SECRET ORDER", "TERCES REDRO"
MIN_PIXELS = 30
MAX_SIDE = 3_000
DIFFERENCE = """(async () => {
  const pixels = async text => {
    const octets = Uint8Array.from(atob(text), one => one.charCodeAt(0));
    const image = await createImageBitmap(new Blob([octets], {type: "image/png"}));
    const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
    canvas.drawImage(image, 0, 0);
    return canvas.getImageData(0, 0, image.width, image.height);
  };
  const one = await pixels("%s"), other = await pixels("%s");
  let found = 0;
  for (let y = 0; y < Math.min(one.height, other.height); y++)
    for (let x = 0; x < Math.min(one.width, other.width); x++) {
      const at = (y * one.width + x) * 4, there = (y * other.width + x) * 4;
      let sum = 0;
      for (let step = 0; step < 3; step++) sum += Math.abs(one.data[at + step] - other.data[there + step]);
      if (sum > 48) found++;
    }
  return found;
})()"""


class Painter:
    """Chromium, spoken to through pipes (Chrome DevTools Protocol)."""

    def __init__(self, chromium: str, folder: str) -> None:
        read_here, write_there = os.pipe()
        read_there, write_here = os.pipe()
        command = [
            chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--hide-scrollbars",
            "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder}",
        ]  # fmt: skip
        shell = ["/bin/sh", "-c", f'exec "$@" 3<&{read_there} 4>&{write_there}', "sh", *command]
        self._process = subprocess.Popen(shell, pass_fds=(read_there, write_there), stderr=subprocess.DEVNULL)  # noqa: S603  # what we installed
        os.close(read_there)
        os.close(write_there)
        self._from, self._to = os.fdopen(read_here, "rb"), os.fdopen(write_here, "wb")
        self._count, self._session, self._rest = 0, "", b""
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._ask("Emulation.setDeviceMetricsOverride", width=800, height=600, deviceScaleFactor=1, mobile=False)
        self._ask("Page.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def _ask(self, method: str, **params: object) -> dict[str, Any]:
        self._count += 1
        message = {"id": self._count, "method": method, "params": params}
        self._to.write(
            json.dumps({**message, "sessionId": self._session} if self._session else message).encode() + b"\0"
        )
        self._to.flush()
        while True:
            while b"\0" not in self._rest:
                told = os.read(self._from.fileno(), 1 << 16)
                if not told:
                    raise EOFError("Chromium ended")
                self._rest += told
            one, _, self._rest = self._rest.partition(b"\0")
            answer = json.loads(one)
            if answer.get("id") == self._count:
                found: dict[str, Any] = answer["result"]
                return found

    def _picture(self, source: str) -> str:
        frame = self._ask("Page.getFrameTree")["frameTree"]["frame"]["id"]
        self._ask("Emulation.setScriptExecutionDisabled", value=True)
        self._ask("Page.setDocumentContent", frameId=frame, html=source)
        size = self._ask("Page.getLayoutMetrics")["cssContentSize"]
        width, height = (min(max(size[side], least), MAX_SIDE) for side, least in (("width", 800), ("height", 600)))
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        shot = self._ask("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        return str(shot["data"])

    def is_seen(self, source: str) -> bool:
        """Tell whether the secret words of a body are painted."""
        one, other = self._picture(source), self._picture(source.replace(SECRET, OTHERS))
        self._ask("Emulation.setScriptExecutionDisabled", value=False)
        asked = self._ask(
            "Runtime.evaluate", expression=DIFFERENCE % (one, other), awaitPromise=True, returnByValue=True
        )
        return int(asked["result"]["value"]) >= MIN_PIXELS


def bodies(name: str) -> list[dict[str, Any]]:
    """Return the bodies of one file: ``id``, ``html``, and ``is_seen`` by Chromium."""
    return [json.loads(line) for line in (HIDDEN / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def write(chromium: str) -> None:
    """Look at all bodies anew."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, Painter(chromium, folder) as painter:
        for path in sorted(HIDDEN.glob("*.jsonl")):
            rows = [{**row, "is_seen": painter.is_seen(row["html"])} for row in bodies(path.stem)]
            path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
