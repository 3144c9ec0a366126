"""The review pages in a real browser: keys, undo, reload, two reviewers, thousands of questions, and odd names."""

import threading
import time

import numpy as np
import pytest
from reporting.test_browser import resize, started
from reviewing.drawn_review import jpeg, tables, write
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from pugmark.identity import ledger
from pugmark.reviewing import material, pages, serve


@pytest.fixture(scope="module")
def driver(chromium):
    made = started(chromium)
    yield made
    made.quit()


class Page:
    """A review page that is open as a reviewer."""

    def __init__(self, driver, index, reviewer="Ana"):
        self.driver, self.index = driver, index
        driver.get(index.as_uri())
        driver.execute_script("localStorage.setItem('pugmark:reviewer', arguments[0])", reviewer)
        driver.get(index.as_uri())

    def press(self, *keys):
        for key in keys:
            self.driver.find_element(By.TAG_NAME, "body").send_keys(key)

    @property
    def at(self):
        return self.driver.execute_script("return DATA.questions[at][0]")

    def text(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector).text

    def said(self, folder):
        """(answers that stand, by encounter; all lines) of what the page would download."""
        (folder / "answers.csv").write_text(self.driver.execute_script("return Store.csv()"))
        lines, told = ledger.read([str(folder / "answers.csv")])
        assert not told
        return {line.encounter: line.answer for line in ledger.standing(lines)}, lines


@pytest.mark.browser
def test_one_key_per_answer_moves_on_and_can_be_undone(driver, tmp_path):
    page = Page(driver, write(tmp_path))
    assert page.at == "q0" and "0 of 6" in page.text("#progress")
    page.press("y")
    assert page.at == "q1"
    page.press("n", "u", "x", "r")
    answers, lines = page.said(tmp_path)
    assert answers == {"q0": "same", "q1": "different", "q2": "unsure", "q3": "unidentifiable", "q4": "different"}
    assert page.at == "q5" and "5 of 6" in page.text("#progress")
    page.press("z")
    assert page.at == "q4" and "q4" not in page.said(tmp_path)[0]
    page.press("z", Keys.SPACE)
    assert page.said(tmp_path)[0] == {"q0": "same", "q1": "different", "q2": "unsure", "q3": "same"}
    # The last answer is taken back, also where it is on an earlier question.
    page.press("k", "k", "k", "k", "n", "z")
    assert page.at == "q0" and page.said(tmp_path)[0]["q1"] == "different"
    page.press("y", "j", "j", "j", "n", "n")
    assert "Nothing is left" in page.text("#done") and "review/leopards" in page.text("#done")
    answers, lines = page.said(tmp_path)
    assert (
        len({line.time for line in lines}) == len(lines) == 13
        and [line.answer for line in lines].count("withdrawn") == 3
    )
    first = lines[0]
    assert (first.candidate, first.reviewer, first.shown) == ("ana-0", "Ana", "0.5")
    assert (
        first.encounter_media == "m-q0-0 m-q0-1"
        and first.candidate_media == "m-ana-0-0 m-ana-0-1"  # of that flank alone
    )


@pytest.mark.browser
def test_what_shows_no_animal_is_said_by_key_or_button_and_is_asked_about_no_more(driver, tmp_path):
    identities, individuals, asked, crops = tables()
    asked.loc[[2, 3], "candidate"] = ["q0", "q1"]
    page = Page(driver, write(tmp_path, made=(identities, individuals, asked, crops)))
    page.press("o")
    driver.find_element(By.CSS_SELECTOR, "[data-answer=other]").click()
    answers, lines = page.said(tmp_path)
    assert answers == {"q0": "other", "q1": "other"} and lines[0].encounter_media == "m-q0-0 m-q0-1"
    assert page.at == "q4" and "4 of 6" in page.text("#progress")  # nor is q2 or q3 compared with them
    page.press("z")
    assert page.at == "q1" and page.said(tmp_path)[0] == {"q0": "other"}
    page.press("k", "x")
    assert page.said(tmp_path)[0] == {"q0": "unidentifiable"}  # the later answer counts


@pytest.mark.browser
def test_the_answers_are_one_row_in_a_small_window(driver, tmp_path):
    before = driver.get_window_size()
    driver.set_window_size(1280, 900)
    Page(driver, write(tmp_path))
    tops = "return [...document.querySelectorAll('#answers button')].map((one) => one.getBoundingClientRect().top)"
    assert len(set(driver.execute_script(tops))) == 1
    driver.set_window_size(before["width"], before["height"])


@pytest.mark.browser
def test_answers_outlive_the_page_and_belong_to_one_reviewer(driver, tmp_path):
    index = write(tmp_path)
    Page(driver, index).press("y", "n")
    page = Page(driver, index)
    assert page.said(tmp_path)[0] == {"q0": "same", "q1": "different"} and page.at == "q2"
    other = Page(driver, index, "Bo")
    assert other.said(tmp_path)[0] == {} and other.at == "q0"
    other.press("n")
    assert other.said(tmp_path)[0] == {"q0": "different"}
    assert Page(driver, index).said(tmp_path)[0] == {"q0": "same", "q1": "different"}


@pytest.mark.browser
def test_flanks_names_pictures_and_view(driver, tmp_path):
    page = Page(driver, write(tmp_path))
    page.press("f")
    assert "Which flank" in page.text("#which-flank")
    page.press("2")
    assert page.said(tmp_path)[1][-1][2:] == (
        "q0",
        "",
        "m-q0-0 m-q0-1",
        "",
        "flank",
        "right",
        "0.5",
        page.said(tmp_path)[1][-1].version,
        "",
    )
    page.press("f", "4", "j", "j", "k")
    assert page.at == "q1" and len(page.said(tmp_path)[1]) == 1
    chosen = "return [...document.querySelectorAll('#%s .strip button')].findIndex(one => one.ariaPressed === 'true')"
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, "d")
    assert driver.execute_script(chosen % "right") == 1 and driver.execute_script(chosen % "left") == 1
    page.press("+", "m")
    transforms = driver.execute_script(
        "return [...document.querySelectorAll('.frame img')].map(one => one.style.transform)"
    )
    assert transforms == ["translate(0%, 0%) scale(1.25, 1.25)", "translate(0%, 0%) scale(-1.25, 1.25)"]
    # Typing a name answers nothing: y, n, x and z are letters there.
    field = driver.find_element(By.ID, "name")
    field.send_keys("=Lynx n zy", Keys.ENTER)
    answers, lines = page.said(tmp_path)
    assert answers == {"q0": "flank", "q1": "name"} and lines[-1].value == "=Lynx n zy" and page.at == "q2"


@pytest.mark.browser
def test_the_tools_stand_in_one_line_and_the_sliders_never_part(driver, tmp_path):
    Page(driver, write(tmp_path))
    tops = """return ['button', 'label'].map((kind) =>
        [...new Set([...document.querySelectorAll('.tools ' + kind)].map((one) => {
            const box = one.getBoundingClientRect();
            return Math.round((box.top + box.bottom) / 2);
        }))])"""
    resize(driver, 1264)  # 1,280 less a scroll bar
    buttons, labels = driver.execute_script(tops)
    assert len(buttons) == len(labels) == 1 and abs(buttons[0] - labels[0]) <= 1
    resize(driver, 1000)
    buttons, labels = driver.execute_script(tops)
    assert len(labels) == 1 and labels[0] > buttons[0]
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.browser
def test_it_says_who_named_the_candidate_and_how_many_questions_an_encounter_has(driver, tmp_path):
    identities, individuals, asked, crops = tables(questions=3)
    identities.loc[0, "by"] = "labels"
    asked.loc[[0, 1], "encounter"] = "q0"
    asked.loc[1, "candidate"] = "ana-1"
    page = Page(driver, write(tmp_path, made=(identities, individuals, asked, crops)))
    assert page.text("#right").split("\n")[1].startswith("new, by labels") and "by" not in page.text("#left p")
    assert page.text("#progress").endswith("This is question 1, 1 of 2 about this encounter.")
    page.press("j")
    assert page.text("#right").split("\n")[1].startswith("known, by the workflow, probability 0.50")
    assert "question 2, 2 of 2 about" in page.text("#progress")
    page.press("j")
    assert page.text("#progress").endswith("This is question 3.")


def lines(driver):
    """Ends of the lines on the screen, from the middle of each frame in widths and heights of the pictures (60 x 40):
    [[[x, y] in the left one, in the right one]]."""
    return driver.execute_script("""
        const own = document.getElementById('lines'), at = own.getBoundingClientRect();
        const frame = (side) => document.querySelector(`#${side} .frame`).getBoundingClientRect();
        return own.hasAttribute('hidden') ? [] : [...own.children].map((line) => [1, 2].map((end) => {
            const box = frame(['left', 'right'][end - 1]), scale = Math.min(box.width / 60, box.height / 40);
            const x = +line.getAttribute('x' + end) + at.left, y = +line.getAttribute('y' + end) + at.top;
            return [(x - box.left - box.width / 2) / (60 * scale), (y - box.top - box.height / 2) / (40 * scale)];
        }));
    """)


@pytest.mark.browser
def test_match_lines_are_off_until_asked_for_and_follow_the_view(driver, tmp_path):
    page = Page(driver, write(tmp_path))
    wait_for_pictures(driver)
    assert lines(driver) == [] and page.text("#matches") == ""
    page.press("h")
    assert "2 points match" in page.text("#matches")
    assert np.allclose(lines(driver), [[[-0.5, -0.5], [0, 0]], [[0.1, 0], [-0.25, 0.25]]], atol=0.01)
    page.press("m")
    assert np.allclose(lines(driver), [[[-0.5, -0.5], [0, 0]], [[0.1, 0], [0.25, 0.25]]], atol=0.01)
    driver.execute_script("View.set({ zoom: 1.5, x: -10 })")
    ((left, right),) = lines(driver)  # an end outside its frame takes its line along
    assert (left[1], right[1]) == pytest.approx((0, 0.375), abs=0.01) and right[0] - left[0] == pytest.approx(
        0.225, abs=0.01
    )
    page.press("0", Keys.ARROW_RIGHT)
    assert page.text("#matches") == "No points match under one map of the animal." and lines(driver) == []
    page.press("j")
    assert "were not sought" in page.text("#matches")
    page.press("k", "h")
    assert page.text("#matches") == "" and lines(driver) == []
    page.press("y")
    assert page.at == "q1"


@pytest.mark.browser
def test_a_key_means_what_it_shows_also_when_it_is_held_or_follows_the_mouse(driver, tmp_path):
    page = Page(driver, write(tmp_path))
    held = "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'y', repeat: arguments[0], bubbles: true}))"
    for repeat in (False, True, True):
        driver.execute_script(held, repeat)
    assert page.at == "q1"
    driver.find_element(By.CSS_SELECTOR, "[data-answer=different]").click()
    ActionChains(driver).send_keys(Keys.SPACE).perform()
    assert page.said(tmp_path)[0] == {"q0": "same", "q1": "different", "q2": "same"}
    page.press("f", "j", "1")  # the question about the flank went with its encounter
    assert len(page.said(tmp_path)[1]) == 3 and page.at == "q4"
    driver.find_element(By.CSS_SELECTOR, "[data-answer=flank]").click()
    driver.find_elements(By.CSS_SELECTOR, "#flanks button")[1].click()
    line = page.said(tmp_path)[1][-1]
    assert (line.encounter, line.answer, line.value) == ("q4", "flank", "right")
    page.press("z")
    assert "Taken back: flank right" in page.text("#progress") and page.at == "q4"


@pytest.mark.browser
def test_a_collection_without_questions_says_so_and_takes_no_key(driver, tmp_path):
    page = Page(driver, write(tmp_path, 0))
    page.press("y", "z", "f", "1", "j", Keys.ARROW_LEFT)
    assert "no questions" in page.text("#progress") and page.said(tmp_path)[1] == []
    assert driver.get_log("browser") == []


@pytest.mark.browser
def test_two_open_pages_and_two_reviewers_lose_and_mix_nothing(driver, tmp_path):
    page = Page(driver, write(tmp_path))
    first = driver.current_window_handle
    page.press("n")
    driver.switch_to.new_window("tab")
    driver.get((page.index.parent / "individuals.html").as_uri() + "#Ana")
    driver.execute_script("Store.add('rename', {encounter: 'ana-0', value: 'Anna'})")
    driver.switch_to.window(first)
    page.press("y")
    WebDriverWait(driver, 20).until(lambda _: len(page.said(tmp_path)[1]) == 3)
    assert [line.answer for line in page.said(tmp_path)[1]] == ["different", "rename", "same"]
    driver.execute_script("localStorage.setItem('pugmark:reviewer', 'Bo')")
    page.press("n")
    assert {line.reviewer for line in page.said(tmp_path)[1]} == {"Bo"}
    assert [line.answer for line in Page(driver, page.index).said(tmp_path)[1]] == ["different", "rename", "same"]
    driver.switch_to.window(driver.window_handles[-1])
    driver.close()
    driver.switch_to.window(first)


@pytest.mark.browser
def test_downloads_of_several_people_have_names_of_their_own(driver, tmp_path):
    names = []
    for reviewer in ("Zoë", "王", "李"):
        page = Page(driver, write(tmp_path), reviewer)
        page.press("y")
        assert "(1 new)" in page.text("#download")
        names.append(driver.execute_script("return Store.file()"))
        assert driver.execute_script("return Store.file()") == names[-1]  # and a later one replaces it
    assert len(set(names)) == 3 and names[0].startswith("leopards-Zoë-")


def test_names_that_the_language_of_the_page_knows_are_names(tmp_path):
    assert pages._quoted("a'b\\") == "'a\\'b\\\\'"


@pytest.mark.browser
def test_thousands_of_questions_open_and_move_fast(driver, tmp_path):
    started = time.monotonic()
    page = Page(driver, write(tmp_path, 2000))
    files = [*(tmp_path / "review").rglob("*")]
    assert len(files) < 150 and (tmp_path / "review/data.js").stat().st_size < 2e6
    driver.execute_script("for (let i = 0; i < 1000; i++) DO.n()")
    assert page.at == "q1000" and "1000 of 2000" in page.text("#progress")
    assert (
        driver.execute_script("return new Set(Store.csv().split('\\n').map((line) => line.split(',')[0])).size") == 1002
    )
    wait_for_pictures(driver)
    loaded = driver.execute_script("return performance.getEntriesByType('resource').length")
    assert loaded <= len(files)
    assert time.monotonic() - started < 60  # a guard against work that grows with the square; it takes a few seconds


def wait_for_pictures(driver):
    widths = "return [...document.querySelectorAll('.frame img')].map(one => one.naturalWidth)"
    until(lambda: all(driver.execute_script(widths)))


def until(shown):
    """Wait until the pictures are there, as `shown` tells."""
    for _ in range(50):
        if shown():
            return
        time.sleep(0.1)
    raise AssertionError("pictures are missing")


def test_equal_tables_give_equal_pages(tmp_path):
    one, other = write(tmp_path / "1").parent, write(tmp_path / "2").parent
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert len(files) == 5 and all((one / path).read_bytes() == (other / path).read_bytes() for path in files)


def test_the_sharpest_pictures_of_an_encounter_are_shown_in_order_of_time():
    known, animals, asked, crops = tables(1, crops=12)
    crops["sharpness"] = [float(at % 12) for at in range(len(crops))]
    shown, wanted = material.material(known, animals, asked, crops)
    assert [crop for crop, _ in shown["encounters"]["q0"]["crops"]] == sorted(f"q0.{at}" for at in range(4, 12))
    assert wanted[:8] == [crop for crop, _ in shown["encounters"]["q0"]["crops"]]
    assert len(wanted) == len(set(wanted))


def test_pictures_are_reduced():
    import base64
    import io

    from PIL import Image

    url = material.picture(jpeg(0, (2000, 1000)))
    with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as image:
        assert image.size == (480, 240) and image.format == "JPEG"


@pytest.mark.browser
def test_a_served_page_saves_each_answer_and_shows_it_again(driver, tmp_path):
    index, home = write(tmp_path), tmp_path / "home"
    with serve.server(str(index.parent), str(home), "t0ken") as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{made.server_port}/index.html?token=t0ken"
        driver.get(address)
        driver.execute_script("localStorage.clear(); localStorage.setItem('pugmark:reviewer', 'Ana')")
        driver.get(address)
        driver.find_element(By.TAG_NAME, "body").send_keys("y")
        driver.find_element(By.TAG_NAME, "body").send_keys("n")
        for _ in range(50):
            if len(lines := ledger.read(ledger.files(home))[0]) == 2:
                break
            time.sleep(0.1)
        assert [(line.encounter, line.answer) for line in lines] == [("q0", "same"), ("q1", "different")]
        # On another computer the answers of this reviewer are there as well.
        driver.execute_script("localStorage.clear(); localStorage.setItem('pugmark:reviewer', 'Ana')")
        driver.get(address)
        for _ in range(50):
            if driver.execute_script("return Store.count()") == 2:
                break
            time.sleep(0.1)
        assert "2 of 6" in driver.find_element(By.ID, "progress").text
        wait_for_pictures(driver)
        # Answers that it did not hear follow when it is back, in their order.
        driver.execute_script(
            "window.real = fetch; window.fetch = () => Promise.reject(new Error('away')); DO.u(); DO.n()"
        )
        assert "2 answers are in this browser alone" in _shown(driver, "#trouble", "alone")
        driver.execute_script("window.fetch = window.real")
        for _ in range(80):
            if len(lines := ledger.read(ledger.files(home))[0]) == 4:
                break
            time.sleep(0.1)
        assert [line.answer for line in lines] == ["same", "different", "unsure", "different"]
        made.shutdown()


def _shown(driver, selector, word):
    for _ in range(50):
        if word in (text := driver.find_element(By.CSS_SELECTOR, selector).text):
            return text
        time.sleep(0.1)
    return text
