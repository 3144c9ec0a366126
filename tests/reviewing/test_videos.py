"""The page of swaps in a real browser: keys, mouse, undo, reload, and what the workflow makes of the answers."""

import threading
import time

import pytest
from reporting.test_browser import started
from reviewing.drawn_videos import boxes, write
from reviewing.test_pages import Page, wait_for_pictures
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from pugmark.identity import ledger, said, swaps
from pugmark.reviewing import serve

pytestmark = pytest.mark.browser
SHOWN = """return ["left", "right"].map((side) => [...document.querySelectorAll(`#${side} .strip img`)]
    .map((img) => { const pen = document.createElement("canvas").getContext("2d"); pen.drawImage(img, 0, 0);
                    return pen.getImageData(5, 5, 1, 1).data[0] > 100 ? "A" : "B"; }).join(""))"""
"""Who is seen in the strip of each side: red coats are A's."""


@pytest.fixture(scope="module")
def driver(chromium):
    made = started(chromium)
    yield made
    made.quit()


def shown(driver):
    wait_for_pictures(driver)
    return driver.execute_script(SHOWN)


def swapped(page, folder):
    """What the workflow takes from the answers, and all lines."""
    lines = page.said(folder)[1]
    return said.swaps(lines)[0], lines


def test_a_swap_is_seen_and_mended_at_its_frame(driver, tmp_path):
    page = Page(driver, write(tmp_path, boxes()))
    assert "frame 14, 2.00 s (5 of 8)" in page.text("#frame")  # the step that is most doubtful
    assert shown(driver) == ["AAAABBBB", "BBBBAAAA"] and page.text("#left h2") == "Name of A"
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_LEFT, Keys.ARROW_LEFT, "s")
    assert shown(driver) == ["AAABAAAA", "BBBABBBB"]  # one frame too early
    page.press(Keys.ARROW_RIGHT, "s")
    assert shown(driver) == ["AAAAAAAA", "BBBBBBBB"] and "from frame 14" in page.text("#progress")
    assert "the two have changed places" in page.text("#frame")
    found, lines = swapped(page, tmp_path)
    assert found == [(14, "film.mp4-f13-A", "film.mp4-f13-B")] and len(lines) == 2
    assert lines[-1].encounter_media.split()[4] == "film.mp4-f14" and lines[-1].shown == "0.667"
    rows = boxes().rename(columns={"followed": "track"})
    tracks, told = swaps.mended(rows, found)
    assert [track[-1] for track in tracks] == rows["animal"].tolist() and not told
    page.press("z")
    assert "Taken back: swapped 14" in page.text("#progress") and shown(driver) == ["AAABAAAA", "BBBABBBB"]
    page.press("z", "z")
    assert swapped(page, tmp_path)[0] == [] and shown(driver) == ["AAAABBBB", "BBBBAAAA"]
    assert "nothing to take back" in page.text("#progress")
    page.press("s", "n")
    assert shown(driver) == ["AAAABBBB", "BBBBAAAA"] and "you said: not swapped." in page.text("#progress")
    assert driver.execute_script("return Store.standing().map((line) => [line.answer, line.value])") == [
        ["not swapped", "13"]
    ]


def test_moments_are_gone_through_by_key_and_answers_outlive_the_page(driver, tmp_path):
    index = write(tmp_path, boxes("a.mp4"), boxes("b.mp4"), boxes("c.mp4"))
    page = Page(driver, index)
    page.press("k", "j", "j", "j", "k", "n")
    assert "a.mp4" not in page.text("#facts") and "c.mp4" in page.text("#facts")
    page.press("s")
    assert "c.mp4" in page.text("#facts")  # what was mended is looked at first
    page.press("u")
    assert "a.mp4" in page.text("#facts") and "2 of 3 moments are settled" in page.text("#progress")
    page.press("n")
    assert "a.mp4" in page.text("#facts")  # nothing is left
    page.press("s")
    answers = {line.encounter[0]: line.answer for line in ledger.standing(swapped(page, tmp_path)[1])}
    assert answers == {"a": "swapped", "b": "not swapped", "c": "perhaps swapped"}
    page = Page(driver, index)
    assert "3 of 3" in page.text("#progress") and "from frame 14" in page.text("#progress")
    page.press("j", "z")  # the last answer is on the first video
    assert "a.mp4" in page.text("#facts") and "you said: not swapped" in page.text("#progress")
    assert "0 of 3" in Page(driver, index, "Bo").text("#progress")
    assert driver.get_log("browser") == []


def test_a_swap_begins_where_two_are_near(driver, tmp_path):
    page = Page(driver, write(tmp_path, boxes()))
    page.press(*[Keys.ARROW_LEFT] * 9, "s")
    assert "go to the first frame after it" in page.text("#trouble")
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, "s")  # both were seen, but far from one another
    assert "go to the first frame after it" in page.text("#trouble") and page.said(tmp_path)[1] == []
    page.press(Keys.ARROW_RIGHT, "s")
    assert not driver.find_element(By.ID, "trouble").is_displayed() and len(page.said(tmp_path)[1]) == 1


def test_an_answer_is_on_two_tracks_and_not_on_what_either_does_with_a_third(driver, tmp_path):
    rows = boxes()
    third = rows[rows["followed"] == "film.mp4-f10-B"].assign(followed="film.mp4-f10-C", y=0.5)
    third["crop_id"] = third["crop_id"].str[:-1] + "C"
    page = Page(driver, write(tmp_path, rows, third))
    page.press("n")
    assert "1 of 3 moments" in page.text("#progress")


def test_an_answer_on_other_boxes_of_the_moment_is_replaced(driver, tmp_path):
    """More frames are read than when it was given: the two are near on an earlier one now."""
    page = Page(driver, write(tmp_path, boxes()))
    ends = {"encounter": "film.mp4-f14-B", "candidate": "film.mp4-f14-A", "value": "15"}
    driver.execute_script("Store.add('swapped', arguments[0])", ends)
    assert "from frame 15" in page.text("#progress") and shown(driver) == ["AAAABAAA", "BBBBABBB"]
    page.press("s")
    assert swapped(page, tmp_path)[0] == [(14, "film.mp4-f14-A", "film.mp4-f14-B")]


def test_both_animals_must_be_seen_before_a_swap(driver, tmp_path):
    rows = boxes()[lambda rows: rows["frame_number"] >= 12]
    page = Page(driver, write(tmp_path, rows[rows["crop_id"] != "film.mp4-f12-A"]))
    page.press(*[Keys.ARROW_LEFT] * 9, Keys.ARROW_RIGHT, "s")  # A is seen from this frame on
    assert (
        "frame 13" in page.text("#frame")
        and "both were seen before" in page.text("#trouble")
        and page.said(tmp_path)[1] == []
    )


def test_it_works_by_mouse_and_is_told_in_words(driver, tmp_path):
    rows = boxes()
    page = Page(driver, write(tmp_path, rows[rows["crop_id"] != "film.mp4-f15-A"]))
    frames = driver.find_elements(By.CSS_SELECTOR, "#right .strip button")
    assert frames[5].get_attribute("aria-label") == "The other animal, frame 15, 2.50 s, not seen"
    frames[5].click()
    assert "not seen on this frame" in page.text("#right .frame") and "6 of 8" in page.text("#frame")
    buttons = {button.text.split("\n")[0]: button for button in driver.find_elements(By.TAG_NAME, "button")}
    buttons["Frame before ←"].click()
    buttons["Swapped from here S"].click()
    label = driver.find_elements(By.CSS_SELECTOR, "#left .strip button")[5].get_attribute("aria-label")
    assert label == "One animal, frame 15, 2.50 s, not seen, changed places"
    assert driver.find_element(By.CSS_SELECTOR, "[data-answer=swapped]").get_attribute("aria-pressed") == "true"
    assert not driver.find_element(By.ID, "help").is_displayed()
    page.press("?")
    assert "frame by frame" in page.text("#help") and "review/pen" in page.text("#help")


def test_the_pages_lead_to_it_and_a_server_takes_its_answers(driver, tmp_path):
    index, home = write(tmp_path, boxes()), tmp_path / "home"
    with serve.server(str(index.parent), str(home), "t0ken") as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        driver.get(f"http://127.0.0.1:{made.server_port}/index.html?token=t0ken")
        driver.execute_script("localStorage.setItem('pugmark:reviewer', 'Ana')")
        driver.find_element(By.LINK_TEXT, "Animals").click()
        driver.find_element(By.LINK_TEXT, "Videos").click()
        driver.find_element(By.TAG_NAME, "body").send_keys("s")
        for _ in range(50):
            if lines := ledger.read(ledger.files(home))[0]:
                break
            time.sleep(0.1)
        made.shutdown()
    assert said.swaps(lines)[0] == [(14, "film.mp4-f13-A", "film.mp4-f13-B")]


def test_a_swap_answers_no_question(driver, tmp_path):
    """The names of its boxes may be those of the encounters that a question compares."""
    from reviewing import drawn_review

    page = Page(driver, drawn_review.write(tmp_path))
    driver.execute_script("Store.add('swapped', {encounter: 'q0', candidate: 'ana-0', value: '3'})")
    assert "0 of 6" in page.text("#progress")
    page.press("y")
    assert [line.answer for line in ledger.standing(page.said(tmp_path)[1])] == ["swapped", "same"]
    page.press("k", "n")
    assert driver.execute_script("return Store.standing().map((line) => line.answer)") == ["swapped", "different"]


def test_without_a_moment_there_is_no_such_page(tmp_path):
    index = write(tmp_path, boxes()[:1])
    assert not index.exists() and "videos.html" not in (index.parent / "index.html").read_text()
