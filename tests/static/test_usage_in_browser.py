"""Usage pages in a real browser: Plotly under the strict policy, in both themes, and what the keyboard finds."""

import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from providers.models import AIUsageLog, AuditEntry, NotificationChannel, Refusal
from providers.money import budgets, caps

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
EVIL = '<b onmouseover="x">bold</b><a href="javascript:alert(1)">%{y}</a>'
LONG = "a-provider/with-a-very-long-model-name-that-never-ends-2026-11-20-preview-experimental"
PLOTTED = ".chart-body.plotted .main-svg"


@pytest.fixture
def rows(people):
    now = datetime.now(UTC)
    made = []
    for n in range(60):
        at = now - timedelta(days=n % 30)
        made.append(
            AIUsageLog(
                user=people["ivo"],
                created_at=at,
                cap_day=at.date(),
                provider=["openai", "claude", "mistral"][n % 3],
                model=[EVIL, LONG, "small"][n % 3],
                operation="chat",
                input_tokens=1000,
                output_tokens=100,
                total_tokens=1100,
                actual_cost_usd=Decimal(n + 1) / 7,
                processing_time_ms=900 + n,
                success=n % 9 > 0,
            )
        )
    return AIUsageLog.objects.bulk_create(made)


def plotted(page) -> None:
    """Plotly comes with the first move of the mouse."""
    page.mouse.move(9, 9)
    page.mouse.move(12, 12)
    page.wait_for_selector(PLOTTED)


def test_plotly_takes_the_place_of_the_svg_without_a_violation_and_in_its_size(rows, open_page) -> None:
    for width, shown in ((1280, ".chart-wide"), (390, ".chart-narrow")):
        page = open_page("/usage/", width)
        before = page.locator(f"{shown} svg").bounding_box()
        page.locator(".chart").scroll_into_view_if_needed()
        plotted(page)
        after = page.locator(PLOTTED).first.bounding_box()
        assert after["width"] == pytest.approx(before["width"], abs=1)
        assert after["height"] == pytest.approx(before["height"], abs=1)
        assert page.locator(".chart-plot .barlayer .trace").count() == 3
    assert open_page.said == []


def test_who_only_reads_loads_no_plotly_and_the_keyboard_brings_it_with_its_box(rows, open_page) -> None:
    page = open_page("/usage/")
    page.wait_for_load_state("networkidle")
    asked = "performance.getEntriesByType('resource').filter(one => one.name.includes('plotly')).length"
    assert page.evaluate(asked) == 0
    page.locator(".chart-wide svg a").nth(2).focus()
    page.locator(".chart-plot .hoverlayer text").first.wait_for()
    assert page.evaluate(asked) == 1


def test_the_chart_follows_the_theme(rows, open_page) -> None:
    page = open_page("/usage/")
    plotted(page)
    bar = page.locator(".chart-plot .barlayer .trace").first.locator("path").first
    light = bar.evaluate("el => getComputedStyle(el).fill")
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        "was => getComputedStyle(document.querySelector('.chart-plot .barlayer .trace path')).fill !== was",
        arg=light,
    )
    series = page.locator(".legend .swatch").first.evaluate("el => getComputedStyle(el).backgroundColor")
    assert bar.evaluate("el => getComputedStyle(el).fill") == series


def test_names_of_models_are_text_and_focus_shows_the_total(rows, open_page) -> None:
    page = open_page("/usage/?group=model")
    plotted(page)
    page.locator(".chart-wide svg a").nth(2).focus()
    box = page.locator(".chart-plot .hoverlayer")
    box.locator("text").first.wait_for()
    text = box.text_content()
    assert "calls" in text
    assert EVIL in text
    assert box.locator("a").count() == 0


def test_a_click_on_a_bar_opens_its_calls(rows, open_page) -> None:
    page = open_page("/usage/?range=7d")
    plotted(page)
    bar = page.locator(".chart-plot .barlayer .trace").first.locator("path").nth(2).bounding_box()
    page.mouse.move(bar["x"] + bar["width"] / 2, bar["y"] + bar["height"] / 2)
    page.wait_for_selector(".chart-plot .hoverlayer text")
    with page.expect_navigation():
        page.mouse.click(bar["x"] + bar["width"] / 2, bar["y"] + bar["height"] / 2)
    day = (datetime.now(UTC) - timedelta(days=4)).date().isoformat()
    assert page.url.endswith(f"/usage/calls/?from={day}&to={day}")


def test_keys_move_the_range_and_switch_to_the_table(rows, open_page) -> None:
    page = open_page("/usage/?range=7d")
    with page.expect_navigation():
        page.locator("h1").press("t")
    assert "view=table" in page.url
    assert page.get_by_role("columnheader", name="Day (UTC)").is_visible()
    with page.expect_navigation():
        page.locator("h1").press("ArrowLeft")
    assert "from=" in page.url
    assert "view=table" in page.url


def test_without_scripts_the_svg_the_table_and_the_filter_work(rows, open_page) -> None:
    page = open_page("/usage/", scripts=False)
    assert page.locator(".chart-wide svg g.day").count() == 30
    page.locator("summary", has_text="Filter").click()
    page.locator("#id_provider").select_option("claude")
    page.get_by_role("button", name="Show", exact=True).click()
    assert "provider=claude" in page.url
    page.get_by_role("link", name="Show as table").click()
    assert page.get_by_role("rowheader", name="Total").first.is_visible()


PATHS = [
    "/usage/",
    "/usage/?group=model&view=table",
    "/usage/?view=details",
    "/usage/?view=matrix",
    "/usage/?view=advice",
    "/usage/?from=2024-01-02&to=2024-01-01",
    "/usage/calls/",
    "CALL",
    "/usage/caps/",
    "/usage/caps/ivo/",
    "/usage/budgets/",
    "/usage/notifications/",
    "/audit/",
    "/audit/1/",
]
# All widths in both themes take a minute; the suite looks at both ends, AXE_ALL=1 at everything.
LOOKS = [("light", (1280,)), ("dark", (320,))]
if os.environ.get("AXE_ALL"):
    LOOKS = [(theme, (1280, 390, 320)) for theme in ("light", "dark")]


def test_nothing_scrolls_sideways_and_axe_finds_nothing(rows, money_moves, live_server, open_page) -> None:
    from axe_playwright_python.sync_playwright import Axe

    for theme, widths in LOOKS:
        page = open_page("/usage/", theme=theme)
        for path in PATHS:
            page.goto(live_server.url + path.replace("CALL", call_of(rows)))
            for width in (1280, 768, 390, 320):
                page.set_viewport_size({"width": width, "height": 860})
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, width, theme)
                if width in widths:
                    found = Axe().run(page)
                    assert found.violations_count == 0, (path, width, theme, found.generate_report())
        page.context.close()
    open_page.said[:] = [text for text in open_page.said if "status of 400" not in text]  # that of the bad range


def call_of(rows) -> str:
    return f"/usage/calls/{rows[0].pk}/"


@pytest.fixture
def money_moves(people) -> None:
    """Something on every list: a temporary cap, a refusal, a channel, a change of the budgets."""
    caps.change(people["ivo"], daily_cost_cap_usd="15", until="tonight", by=people["mara"], reason="release day")
    budgets.change({"daily_cost_limit_usd": "90", "reason": "calm"}, people["mara"])
    NotificationChannel.objects.create(name="Ops", kind="page")
    now = datetime.now(UTC)
    Refusal.objects.create(
        user_id=people["ivo"].pk, day=now.date(), code="daily_cost_cap", operation="chat", times=3, last_at=now
    )


@pytest.fixture
def raised(people) -> None:
    """The cap was raised from $6.00 nine days ago."""
    AuditEntry.objects.bulk_create(
        [
            AuditEntry(
                at=datetime.now(UTC) - timedelta(days=9),
                actor_id=people["mara"].pk,
                surface="page",
                action="cap.raise",
                object_type="user",
                object_id=str(people["ivo"].pk),
                before='{"daily_cost_cap_usd": "6.00"}',
                after='{"daily_cost_cap_usd": "10.00"}',
            )
        ]
    )


def test_the_cap_is_a_line_in_steps_in_both_charts(rows, raised, open_page) -> None:
    page = open_page("/usage/?user=ivo")
    drawn = page.locator(".chart-wide svg .limit").get_attribute("d")
    assert drawn.count("H") == 2 and drawn.count("V") == 1
    plotted(page)
    assert page.locator(".chart-plot .shapelayer path[style*='dash']").count() == 3  # two levels and the riser
    name = page.locator(".chart-plot .annotation-text").bounding_box()
    body = page.locator(".chart-plot").bounding_box()
    assert body["x"] <= name["x"] and name["x"] + name["width"] <= body["x"] + body["width"] + 1
    page.context.close()


def test_figures_come_with_the_page_and_no_more_than_three_requests_bring_data(rows, open_page) -> None:
    page = open_page("/usage/")
    plotted(page)
    page.wait_for_load_state("networkidle")
    asked = []
    page.on("request", lambda request: asked.append(request))
    page.reload()
    plotted(page)
    page.wait_for_load_state("networkidle")
    data = [one.url for one in asked if "/static/" not in one.url]
    assert any("/static/" in one.url for one in asked)
    assert data[0].endswith("/usage/")
    assert len(data) <= 3, data
    assert not any("/api/" in url for url in data)
