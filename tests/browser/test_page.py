# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report's page as people use it: mouse, keyboard, screen reader, paper."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import fleet
import pytest
from conftest import AXE, Open
from playwright.sync_api import Page, expect

Shot = Callable[[Page, str], None]


def row(page: Page, name: str) -> Any:
    """Return the row of an instance."""
    return page.locator("#matrix > tbody > tr").filter(
        has=page.locator(".name", has_text=name).first
    )


def cell(page: Page, name: str, subject: str) -> Any:
    """Return the cell of an instance and subject."""
    return row(page, name).locator("td").filter(has=page.get_by_text(f"{subject}:", exact=True))


def shown(page: Page) -> list[str]:
    """Return the names of the instances that are shown."""
    return list(page.locator("#matrix > tbody > tr:visible .name").all_inner_texts())


def focused(page: Page) -> str:
    """Return what has the focus, as a screen reader would begin to read it."""
    return str(page.evaluate("document.activeElement.textContent.trim().split(/\\s+/).join(' ')"))


def violations(page: Page) -> list[str]:
    """Return what axe-core finds, with its default rules."""
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{it['id']}: {node['html'][:160]}" for it in found["violations"] for node in it["nodes"]
    ]


# --- the mouse ---------------------------------------------------------------------------------
def test_a_cell_opens_below_its_row(show: Open, shot: Shot) -> None:
    page = show(fleet.many(30))
    gateway = cell(page, "site-000", "Gateway")
    expect(gateway.locator(".panel")).to_be_hidden()
    gateway.locator("summary").click()
    expect(gateway.locator("del")).to_have_text("none")
    expect(gateway.locator("ins")).to_have_text("GitLab refused it.")
    panel, matrix = gateway.locator(".panel").bounding_box(), page.locator("#matrix").bounding_box()
    assert panel["width"] > matrix["width"] * 0.95
    summary = gateway.locator("summary").bounding_box()
    assert panel["y"] >= summary["y"] + summary["height"] - 1
    shot(page, "open")
    gateway.locator("summary").click()
    expect(gateway.locator(".panel")).to_be_hidden()


def test_a_failure_tells_its_cause_and_the_next_step(show: Open) -> None:
    page = show(fleet.many(30))
    expect(row(page, "site-003").locator("th .reason")).to_have_text("GitLab refused it.")
    models = cell(page, "site-004", "Models")
    models.locator("summary").click()
    expect(models.locator(".next")).to_contain_text("Mend it.")
    expect(models.locator("li")).to_have_text("GitLab refused it.")


def test_filters(show: Open, shot: Shot) -> None:
    report = fleet.many(60)
    page = show(report)
    status = page.locator("#shown")
    expect(status).to_have_text("61 of 61 shown")
    page.get_by_label("failed").check()
    assert shown(page) == [it.name for it in report.instances if it.state == "failed"]
    expect(status).to_have_text("8 of 61 shown")
    page.get_by_label("data leaves the site").check()
    assert shown(page) == [it.name for it in report.instances if it.leaves]
    page.get_by_label("GitLab").select_option("18.9")
    page.get_by_label("Search").fill("site-001 CODESTRAL")
    assert shown(page) == ["site-001"]
    shot(page, "filtered")
    page.get_by_label("Search").fill("nowhere")
    expect(page.get_by_text("No instance fits these filters.")).to_be_visible()
    page.get_by_label("Search").fill("")
    page.get_by_label("GitLab").select_option("all versions")
    page.get_by_role("radio", name="All").check()
    assert len(shown(page)) == 61


def test_the_header_stays_in_sight(show: Open) -> None:
    page = show(fleet.many(60))
    page.mouse.wheel(0, 2000)
    page.wait_for_function("scrollY > 1000")
    header = page.locator("#matrix > thead").bounding_box()
    assert header
    assert abs(header["y"]) < 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_failed_is_red_and_comes_first(show: Open, scheme: str) -> None:
    page = show(fleet.many(60), color_scheme=scheme)
    expect(page.locator(".summary .mark").first).to_have_text("8 failed")
    expect(page.locator(".chip .mark").first).to_contain_text("failed 8")
    first = page.locator("#matrix > tbody > tr").first
    assert first.get_attribute("data-state") == "failed"
    for mark in (page.locator(".summary .failed"), first.locator(".mark.failed").first):
        colour = mark.evaluate("(it) => getComputedStyle(it).color")
        red, green, blue = (int(it) for it in re.findall(r"\d+", colour)[:3])
        assert red > 1.5 * max(green, blue), colour


def test_a_row_tells_the_address_and_how_many_features_leave(show: Open) -> None:
    page = show(fleet.many(30))
    expect(row(page, "site-000").locator("th summary")).to_contain_text(
        "https://gitlab.example.com"
    )
    features = cell(page, "site-001", "Features").locator("summary")
    expect(features.locator(".leaves")).to_have_text("1 feature leaves the site")


@pytest.mark.parametrize("api", [True, False], ids=["clipboard", "without its API"])
def test_a_row_is_copied_as_text(show: Open, api: bool) -> None:
    page = show(fleet.many(30), permissions=["clipboard-read", "clipboard-write"])
    read = "navigator.clipboard.readText()"
    if not api:
        # As on a page that came by http.
        page.evaluate(
            "() => { window.real = navigator.clipboard;"
            " Object.defineProperty(navigator, 'clipboard', {value: undefined}); }"
        )
        read = "window.real.readText()"
    page.get_by_role("button", name="Copy site-004 as text").click()
    expect(page.get_by_text("The row is copied.")).to_be_attached()
    expect(row(page, "site-004").locator(".copy")).to_have_text("Copied site-004 as text")
    lines = page.evaluate(read).splitlines()
    assert lines[:2] == ["site-004: failed", "https://gitlab.example.com, GitLab 18.9.2, ultimate"]
    assert lines[lines.index("Models: failed") + 1].startswith("  self-hosted model ")
    assert "Mend it." in lines[lines.index("Models: failed") + 1]


# --- the keyboard ------------------------------------------------------------------------------
def test_keyboard(show: Open) -> None:
    page = show(fleet.many(30))
    page.locator("#filters").get_by_label("Search").focus()
    page.keyboard.press("Tab")
    first, second = shown(page)[:2]
    assert focused(page).startswith(first)
    page.keyboard.press("ArrowRight")
    assert focused(page).startswith("Gateway:")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("ArrowDown")
    at = page.evaluate("document.activeElement.closest('tr').querySelector('.name').textContent")
    assert at == second
    page.keyboard.press("End")
    assert focused(page) == f"Copy {second} as text"
    page.keyboard.press("ArrowLeft")
    assert focused(page).startswith("Features:")
    page.keyboard.press("Home")
    assert focused(page).startswith(second)
    page.keyboard.press("Enter")
    expect(row(page, second).locator("th .panel")).to_be_visible()
    page.keyboard.press("Escape")
    expect(row(page, second).locator("th .panel")).to_be_hidden()
    assert focused(page).startswith(second)
    # The matrix is one stop: the next one is behind it.
    page.keyboard.press("Tab")
    assert focused(page) == "What the words mean"
    page.keyboard.press("Shift+Tab")
    assert focused(page).startswith(second)


def test_arrows_pass_over_what_is_filtered_out(show: Open) -> None:
    page = show(fleet.many(30))
    page.get_by_label("GitLab").select_option("19.4")
    left = shown(page)
    page.get_by_label("Search").focus()
    page.keyboard.press("Tab")
    for name in left[:3]:
        assert focused(page).startswith(name)
        page.keyboard.press("ArrowDown")


# --- light, dark, paper, without script --------------------------------------------------------
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_everybody_can_use_it(show: Open, shot: Shot, scheme: str, width: int) -> None:
    report = fleet.many(30, "https://a-very-long-name.example.com/" + "x" * 120)
    page = show(report, color_scheme=scheme, viewport={"width": width, "height": 900})
    assert violations(page) == []
    shot(page, f"{scheme}-{width}")
    for name, subject in (
        ("site-000", "Gateway"),
        ("site-001", "Features"),
        ("site-004", "Models"),
    ):
        cell(page, name, subject).locator("summary").click()
    row(page, "site-003").locator("th summary").click()
    page.get_by_text("What the words mean").click()
    assert violations(page) == []
    shot(page, f"{scheme}-{width}-open")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_roles_of_a_table(show: Open) -> None:
    page = show(fleet.many(3))
    table = page.get_by_role("table", name="Instances by subjects")
    assert table.get_by_role("columnheader").all_inner_texts()[:2] == ["Instance", "Gateway"]
    expect(table.get_by_role("rowheader")).to_have_count(4)
    expect(table.get_by_role("row")).to_have_count(5)


def test_switch_of_light_and_dark(show: Open) -> None:
    page = show(fleet.many(3), color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.get_by_role("button", name="Light view").click()
    light = page.evaluate(ground)
    assert light != dark
    assert violations(page) == []
    page.get_by_role("button", name="Dark view").click()
    assert page.evaluate(ground) == dark


@pytest.mark.parametrize("script", [True, False])
def test_on_paper_everything_is_open(show: Open, shot: Shot, script: bool) -> None:
    page = show(fleet.many(30), java_script_enabled=script, color_scheme="dark")
    page.emulate_media(media="print", color_scheme="light")
    expect(cell(page, "site-000", "Gateway").locator("ins")).to_be_visible()
    expect(cell(page, "site-004", "Models").locator(".next")).to_be_visible()
    expect(page.locator("#filters")).to_be_hidden()
    shot(page, f"print-{'' if script else 'no-'}script")
    assert len(page.pdf()) > 10_000


def test_without_script_cells_open_all_the_same(show: Open) -> None:
    page = show(fleet.many(30), java_script_enabled=False)
    expect(page.locator("#filters")).to_be_hidden()
    expect(page.get_by_role("button")).to_have_count(0)
    gateway = cell(page, "site-000", "Gateway")
    gateway.locator("summary").click()
    expect(gateway.locator("ins")).to_be_visible()


# --- hostile texts, large fleets ---------------------------------------------------------------
def test_hostile_texts_are_shown_and_do_nothing(show: Open) -> None:
    page = show(fleet.many(30, fleet.HOSTILE))
    gateway = cell(page, "site-000", "Gateway")
    gateway.locator("summary").click()
    expect(gateway.locator("ins")).to_contain_text("</script><img src=x onerror=alert(1)>")
    assert page.locator("img").count() == 0


def test_the_page_lets_no_other_script_run(show: Open) -> None:
    page = show(fleet.many(1))
    page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "document.title = 'taken over'";
            const errors = [];
            addEventListener("securitypolicyviolation", ({effectiveDirective}) =>
                errors.push(effectiveDirective));
            document.body.append(script);
            window.errors = errors;
        }"""
    )
    page.wait_for_function("window.errors.length > 0")
    show.expected = "Executing inline script violates"  # type: ignore[attr-defined]
    assert page.evaluate("window.errors[0]").startswith("script-src")
    assert page.title() == fleet.TITLE


def test_a_fleet_of_500(show: Open, shot: Shot) -> None:
    page = show(fleet.many(500))
    expect(page.locator("#shown")).to_have_text("501 of 501 shown")
    page.get_by_label("Search").fill("site-499")
    expect(page.locator("#shown")).to_have_text("1 of 501 shown")
    assert shown(page) == ["site-499"]
    shot(page, "500")
