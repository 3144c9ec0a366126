"""The page of the animals in a real browser: the list of them, and what is said of one animal."""

import pytest
from reporting.test_browser import started
from reviewing.drawn_review import EVIL, tables, write
from reviewing.test_pages import Page, until, wait_for_pictures
from selenium.common.exceptions import NoAlertPresentException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from pugmark.identity import ledger, said
from pugmark.reviewing import material


@pytest.fixture(scope="module")
def driver(chromium):
    made = started(chromium)
    yield made
    made.quit()


@pytest.mark.browser
def test_an_animal_has_a_page_where_it_is_renamed_merged_and_split(driver, tmp_path):
    index = write(tmp_path)
    Page(driver, index)
    driver.get((index.parent / "individuals.html").as_uri() + "#Ana")
    assert driver.execute_script("return document.querySelectorAll('#animal .grid img').length") == 4
    assert "left flank only" in driver.find_element(By.ID, "animal").text
    rename = driver.find_element(By.CSS_SELECTOR, "#animal form input")
    rename.send_keys("Anna", Keys.ENTER)
    driver.find_elements(By.CSS_SELECTOR, "#animal form input")[1].send_keys("A-1", Keys.ENTER)
    next(button for button in driver.find_elements(By.TAG_NAME, "button") if button.text == "Take out").click()
    (tmp_path / "answers.csv").write_text(driver.execute_script("return Store.csv()"))
    lines, _ = ledger.read([str(tmp_path / "answers.csv")])
    found = said.of(lines, tables()[3])
    assert found.renames == [("ana-0", "Anna")] and found.same == [("ana-0", "q1")]
    assert found.different == {frozenset(("ana-0", "ana-1"))}


@pytest.mark.browser
def test_what_shows_no_animal_is_said_on_the_animals_page_too_and_carries_nothing_more(driver, tmp_path):
    index = write(tmp_path)
    Page(driver, index)
    driver.get((index.parent / "individuals.html").as_uri() + "#Ana")
    first = "//section[@id='animal']//button[text()='No animal or other species']"
    driver.find_element(By.XPATH, first).click()
    assert "you said: other" in driver.find_element(By.ID, "animal").text
    driver.find_element(By.CSS_SELECTOR, "#animal form input").send_keys("Anna", Keys.ENTER)
    (tmp_path / "answers.csv").write_text(driver.execute_script("return Store.csv()"))
    found = said.of(ledger.read([str(tmp_path / "answers.csv")])[0], tables()[3])
    assert found.nobody == {"ana-0": "other"} and found.renames == [("ana-1", "Anna")]


@pytest.mark.browser
def test_the_list_of_animals_shows_each_and_loads_what_is_on_the_screen(driver, tmp_path):
    known, animals, asked, crops = tables(questions=1000)
    known.loc[known["encounter"].isin(["q7", "q8"]), "decision"] = "new"
    known.loc[known["encounter"] == "q9", "individual"] = "A-8"
    known.loc[known["encounter"] == "ana-1", "individual"] = "A-5"  # of one that waits and one that does not
    index = write(tmp_path, made=(known, animals[animals["individual"] != "A-9"], asked, crops))
    driver.get((index.parent / "individuals.html").as_uri())
    line = (
        "return [...document.querySelectorAll('#animals li')].filter((one) => !one.hidden).map((one) => one.innerText)"
    )
    names = [text.split()[0] for text in driver.execute_script(line)]
    assert names[:4] == ["A-5", "A-8", "A-7", "Ana"] and len(names) == 1000
    widths = "return [...document.querySelectorAll('#animals img')].map((one) => one.naturalWidth)"
    until(lambda: driver.execute_script(widths)[0])
    seen = driver.execute_script(widths)
    assert seen[0] > 0 and seen[-1] == 0
    loaded = "return performance.getEntriesByType('resource').filter((one) => one.name.includes('pictures/')).length"
    assert driver.execute_script(loaded) <= 3
    driver.execute_script("window.scrollTo(0, document.body.scrollHeight)")
    until(lambda: driver.execute_script(widths)[-1])
    driver.find_element(By.ID, "search").send_keys("a-99")
    assert len(driver.execute_script(line)) == 11


@pytest.mark.browser
def test_animals_that_wait_are_counted_apart_and_called_so(driver, tmp_path):
    driver.get((write(tmp_path, questions=30).parent / "individuals.html").as_uri() + "#Ana")
    page = Page.__new__(Page)
    page.driver = driver
    assert page.text("#progress").startswith("1 animal, 30 more that wait for a person")
    tags = {
        item.text.split(" ")[0]: item.text.split(" ")[-1]
        for item in driver.find_elements(By.CSS_SELECTOR, "#animals li")
    }
    assert tags["A-3"] == "waits" and tags["Ana"] == "doubtful"
    box = driver.find_element(By.ID, "animal")
    assert (
        driver.execute_script("return arguments[0].getBoundingClientRect().top", box) < 200
    )  # its name in the address opens it


@pytest.mark.browser
def test_an_animal_may_be_called_as_anything(driver, tmp_path):
    index = write(tmp_path, odd="__proto__")
    Page(driver, index)
    driver.get((index.parent / "individuals.html").as_uri() + "#__proto__")
    driver.refresh()
    assert driver.find_element(By.CSS_SELECTOR, "#animal h2").text == "__proto__"
    driver.get((index.parent / "individuals.html").as_uri() + "#constructor")
    driver.refresh()
    assert not driver.find_element(By.ID, "animal").is_displayed() and driver.get_log("browser") == []


@pytest.mark.browser
def test_odd_names_are_text_and_pictures_are_there(driver, tmp_path):
    index = write(tmp_path)
    Page(driver, index)
    wait_for_pictures(driver)
    driver.get((index.parent / "individuals.html").as_uri() + "#" + EVIL)
    driver.refresh()
    assert driver.find_element(By.CSS_SELECTOR, "#animal h2").text == EVIL
    with pytest.raises(NoAlertPresentException):
        driver.switch_to.alert.accept()
    assert driver.get_log("browser") == []


def test_an_animal_is_shown_by_its_sharpest_picture():
    known, animals, asked, crops = tables(2)
    crops.loc[crops["crop_id"] == "ana-1.1", "sharpness"] = 2.0
    shown, wanted = material.material(known, animals, asked, crops)
    assert shown["animals"]["Ana"]["face"] == "ana-1.1" in wanted
