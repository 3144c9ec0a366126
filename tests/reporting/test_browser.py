"""The report in a real browser, opened from disk."""

import shutil

import pytest
from reporting.results_tree import EVIL, SCORES, make
from reporting.test_resources import Measured
from selenium import webdriver
from selenium.common.exceptions import NoAlertPresentException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from pugmark.stages import report

pytestmark = pytest.mark.browser
OPTIONS = """--headless=new --no-sandbox --disable-gpu --disable-background-networking --disable-component-update
    --disable-sync --no-first-run --hide-scrollbars --disable-dev-shm-usage"""


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    settings, measured = make(folder), Measured(folder / "results")
    measured.job("detect", rss=3900.0, gpu=1)
    measured.used("detect/c/b1.log", gpu="NVIDIA H100 80GB HBM3", gpu_mb=5100, gpu_utilisation=None)
    measured.job("train", run="a_method_with_a_long_name_of_its_own-s1", minutes=2.0, rss="NA", load="NA")
    settings["studies"] = [study()]
    report.report(folder / "results", folder / "out", settings)
    return folder / "out/index.html"


def study():
    """Two methods as the cells of a numeric axis, with published figures and the words of a mischievous user."""
    methods = {"0.1": "resnet50", "0.2": "cluster_contrast"}
    cells = [{"name": name, "cell": at, "at": [at, EVIL], "trainable": "full"} for at, name in methods.items()]
    told = {"name": "rates", "title": "Rates", "source": None, "collections": None, "metrics": None, "cells": cells}
    published = {EVIL: {"0.1": {"mAP": [0.4, 0.02], "memory_gb": 1.04}}}
    return told | {"axes": [["lr", [*methods]], ["other", [EVIL]]], "published": published}


def started(chromium):
    """A browser that shows no window and keeps what its pages log."""
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for option in OPTIONS.split():
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))


@pytest.fixture
def browser(chromium, index):
    driver = started(chromium)
    try:
        driver.get(index.as_uri())
        yield driver
    finally:
        driver.quit()


def resize(browser, width):
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def test_the_page_opens_whole_and_quietly(browser):
    """One browser for all that needs no other state: starting it is the slow part."""
    with pytest.raises(NoAlertPresentException):
        browser.switch_to.alert.accept()
    assert browser.get_log("browser") == []
    widths = browser.execute_script("return [...document.images].map(image => image.naturalWidth)")
    assert len(widths) > 30 and min(widths) > 0
    fetched = browser.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert all(address.startswith(("file:", "data:")) for address in fetched)

    browser.execute_script("document.querySelectorAll('details').forEach(part => part.open = true)")
    for width in (1280, 400):
        resize(browser, width)
        assert browser.execute_script("return document.documentElement.scrollWidth") == width
    _rows_show_their_part_of_the_sheet(browser)


def test_the_leaderboard_is_whole_on_a_screen_and_scrolls_on_a_telephone(browser):
    """A real collection has mINP as well, so its columns are as wide at 1,220 pixels as these are at 1,120."""
    sizes = """
        const board = document.querySelector("table.sortable"), box = board.closest(".scroll");
        return [board.scrollWidth, box.clientWidth, getComputedStyle(box).overflowX];"""
    resize(browser, 1120)
    table, box, _ = browser.execute_script(sizes)
    assert table <= box
    resize(browser, 400)
    table, box, overflow = browser.execute_script(sizes)
    assert table > box and overflow == "auto"


def test_tables_sort_by_number_and_by_name(browser):
    table = browser.find_element(By.CSS_SELECTOR, "table.sortable")

    def names():
        return [head.text.split()[0] for head in table.find_elements(By.CSS_SELECTOR, "tbody th")]

    heads = {head.text.split()[0]: head for head in table.find_elements(By.CSS_SELECTOR, "thead th")}
    best_first = sorted(SCORES, key=SCORES.get, reverse=True)
    assert names() == best_first
    for click, direction, expected in (
        ("Method", "ascending", sorted(SCORES)),
        ("Rank-1", "descending", best_first),
        ("Rank-1", "ascending", best_first[::-1]),
    ):
        heads[click].find_element(By.TAG_NAME, "button").click()
        assert (names(), heads[click].get_attribute("aria-sort")) == (expected, direction)


def test_text_has_contrast(browser):
    """WCAG 2.1, success criterion 1.4.3: 4.5 : 1 for the text of the page, in both colour schemes."""
    grounds = set()
    for scheme in ("light", "dark"):
        ratios = contrasts(browser, scheme)
        assert len(ratios) > 100
        assert min(ratio for ratio, _ in ratios) >= 4.5, (scheme, min(ratios))
        grounds.add(browser.execute_script("return getComputedStyle(document.body).backgroundColor"))
    assert len(grounds) == 2


def contrasts(browser, scheme):
    """[(contrast, element)] of all visible text."""
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    return browser.execute_script(CONTRAST)


def assert_it_fits_and_reads(browser, least):
    """The page has no errors, fits a screen and a telephone, and more than `least` texts stand out in either scheme."""
    assert browser.get_log("browser") == []
    for width in (1280, 400):
        resize(browser, width)
        assert browser.execute_script("return document.documentElement.scrollWidth") == width
    for scheme in ("light", "dark"):
        ratios = contrasts(browser, scheme)
        assert len(ratios) > least and min(ratios)[0] >= 4.5, (scheme, min(ratios))


def test_the_page_of_what_jobs_used_opens_from_the_report(browser):
    browser.find_element(By.LINK_TEXT, "Time and memory").click()
    assert "asked for" in browser.title
    assert_it_fits_and_reads(browser, 20)
    browser.find_element(By.LINK_TEXT, "Back to the report").click()
    assert browser.current_url.endswith("index.html")


def test_the_page_of_a_cluster_opens_from_the_report_and_shows_each_crop(browser):
    browser.find_element(By.LINK_TEXT, "Cluster 1").click()
    assert browser.title.startswith("Cluster 1")
    assert_it_fits_and_reads(browser, 10)
    inside = browser.execute_script("""
        return [...document.querySelectorAll(".tile img")].map(image => {
          const whole = image.getBoundingClientRect(), window = image.parentElement.getBoundingClientRect();
          return whole.left <= window.left && whole.top <= window.top && whole.right >= window.right
            && whole.bottom >= window.bottom;
        });""")
    assert len(inside) >= 5 and all(inside)
    browser.find_element(By.LINK_TEXT, "Back to the report").click()
    assert "index.html" in browser.current_url


def test_a_choice_of_species_hides_the_others(browser):
    choice = browser.find_element(By.CSS_SELECTOR, "select.filter")
    figures = choice.find_elements(By.XPATH, "ancestor::section//figure[@data-species]")

    def shown():
        return [figure.get_attribute("data-species") for figure in figures if figure.is_displayed()]

    everything = shown()
    choice.find_element(By.XPATH, "option[text()='fox']").click()
    assert shown() == [species for species in everything if "fox" in species] != everything
    choice.find_element(By.XPATH, "option[text()='all']").click()
    assert shown() == everything


def test_the_page_of_a_study_opens_from_the_report(browser):
    browser.find_element(By.LINK_TEXT, "Rates").click()
    assert browser.title == "Rates"
    assert_it_fits_and_reads(browser, 40)
    browser.find_element(By.LINK_TEXT, "Back to the report").click()
    assert browser.current_url.endswith("index.html")


def _rows_show_their_part_of_the_sheet(browser):
    offsets = browser.execute_script("""
        return [...document.querySelectorAll("a.sheet")].map(link => {
          const row = link.getBoundingClientRect(), image = link.firstElementChild.getBoundingClientRect();
          return [row.top - image.top, row.height, image.height];
        });""")
    for above, height, whole in offsets:
        rows = whole / height
        assert rows == pytest.approx(round(rows), abs=0.02)
        assert above / height == pytest.approx(round(above / height), abs=0.02)
        assert -0.1 < above / height < rows - 0.9


CONTRAST = """
const light = colour => {
  const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(part => part / 255);
  const linear = parts.map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
};
const ground = element => {
  const colour = getComputedStyle(element).backgroundColor;
  return colour === "rgba(0, 0, 0, 0)" ? ground(element.parentElement) : colour;
};
const found = [];
for (const element of document.querySelectorAll("body *")) {
  const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
  if (!own || !element.checkVisibility() || element.closest("script, style, title")) continue;
  const style = getComputedStyle(element);
  const text = element instanceof SVGElement ? style.fill : style.color;
  const [one, other] = [light(text), light(ground(element))];
  found.push([(Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05), element.outerHTML.slice(0, 120)]);
}
return found;
"""
