"""A browser that tests look at the page with."""

import json
import time

from selenium import webdriver
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait


class Browser:
    """Chromium without a window, and what the tests do with it.

    Parameters
    ----------
    chromium, driver : path
        Programs.
    downloads : Path
        Folder in which files are saved.
    """

    def __init__(self, chromium, driver, downloads):
        options = webdriver.ChromeOptions()
        options.binary_location = chromium
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
            options.add_argument(argument)
        options.add_experimental_option(
            "prefs", {"download.default_directory": str(downloads), "download.prompt": False}
        )
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        service = webdriver.ChromeService(driver)
        self.driver = webdriver.Chrome(options=options, service=service)
        self.downloads = downloads

    def open(self, page, *, width=1400, height=900, dark=False, keep=False):
        """Open a page anew, as on a screen of that size; ``keep`` what the browser has stored."""
        self.driver.get("about:blank")
        self.logged("browser")
        self.logged("performance")
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.tell("Emulation.setDeviceMetricsOverride", **metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.tell("Emulation.setEmulatedMedia", features=[scheme])
        self.driver.get(page.as_uri())
        # Colours that were chosen before, and corrections.
        if not keep and self.run("const n = localStorage.length; localStorage.clear(); return n"):
            self.driver.refresh()
        self.wait("return performance.getEntriesByName('ready').length")
        self.wait("return document.querySelector('.tile img')?.complete")

    def tell(self, command, **parameters):
        return self.driver.execute_cdp_cmd(command, parameters)

    def logged(self, kind):
        return self.driver.get_log(kind)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait(self, script):
        """Wait until a script returns something true, and return that."""
        return WebDriverWait(self.driver, 10, 0.05).until(lambda driver: self.run(script))

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def press(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def settle(self):
        """Let the page draw what was asked for."""
        self.driver.execute_async_script(
            "const done = arguments[0];"
            "requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))"
        )

    def search(self, text):
        self.find("#query").clear()
        self.find("#query").send_keys(text)
        self.settle()

    def shown(self):
        """File names of the images in the first visible card."""
        return self.run(
            "const card = document.querySelector('.cluster:not([hidden])');"
            "return [...card.querySelectorAll('.tile')]"
            ".map((tile) => fileNameOf(Number(tile.dataset.index)).toWellFormed())"
        )

    def dot_of(self, index):
        """Where on the canvas an image is, from its middle."""
        x, y = self.run(
            "return [data.x, data.y].map((c) => Math.round(onScreen(c[arguments[0]])))", index
        )
        size = self.find("canvas").size
        return x - size["width"] // 2, y - size["height"] // 2

    def download(self, button, name="clusters.csv"):
        """Click, and return the contents of the file that is saved."""
        file = self.downloads / name
        file.unlink(missing_ok=True)
        self.find(button).click()
        deadline = time.monotonic() + 10
        # Chromium makes an empty file first, and puts the finished one in its place.
        while not (file.exists() and file.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.05)
        return file.read_bytes()

    def events(self, method):
        """What Chromium logged of its work, such as requests, since it was last asked."""
        logged = [json.loads(entry["message"])["message"] for entry in self.logged("performance")]
        return [event["params"] for event in logged if event["method"] == method]
