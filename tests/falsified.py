"""Ways to falsify a built page, each a function of its parsed document, for tests/test_rendered.py."""

from __future__ import annotations

import re
from pathlib import Path

import lxml.html
from compared import NUMBER


def bump(match: re.Match[str]) -> str:
    """Change the last digit of a number's mantissa."""
    mantissa, e, exponent = match[0].partition("e")
    return mantissa[:-1] + str((int(mantissa[-1]) + 1) % 10) + e + exponent


def alter_text(element) -> int:
    """Change every number in the texts of an element; return how many."""
    changed = 0
    for part in element.iter():
        if not isinstance(part.tag, str):
            continue
        if part.text:
            changed += len(NUMBER.findall(part.text))
            part.text = NUMBER.sub(bump, part.text)
        if part.tail and part is not element:
            changed += len(NUMBER.findall(part.tail))
            part.tail = NUMBER.sub(bump, part.tail)
    return changed


def parse(path: Path):
    return lxml.html.fromstring(path.read_bytes(), parser=lxml.html.HTMLParser(encoding="utf-8"))


def alter_page(path: Path) -> int:
    """Change every non-volatile number of a page's outputs and values, once; return how many."""
    document = parse(path)
    changed = 0
    for element in document.xpath("//*[@data-cell or @data-value][not(@data-volatile)]"):
        if not element.xpath("ancestor::*[@data-cell]"):
            targets = element.xpath(".//svg//text") if element.find(".//svg") is not None else [element]
            changed += sum(map(alter_text, targets))
    path.write_bytes(lxml.html.tostring(document, encoding="utf-8", doctype="<!doctype html>"))
    return changed


def remove_output(document) -> None:
    output = document.xpath("//*[@data-cell='weight_decay/gaps']")[0]
    output.getparent().remove(output)


def add_output(document) -> None:
    output = document.xpath("//*[@data-cell='weight_decay/gaps']")[0]
    output.addnext(lxml.html.fromstring(lxml.html.tostring(output)))


def remove_value(document) -> None:
    value = document.xpath("//*[@data-value='weight_decay.final_norm']")[0]
    value.drop_tag()
    del value.attrib["data-value"]


def claim_volatile(document) -> None:
    document.xpath("//*[@data-cell='weight_decay/gaps']")[0].set("data-volatile", "")


def move_a_point(document) -> None:
    line = document.xpath("//*[@data-cell='weight_decay/figure_fits']//svg//path[@d][@clip-path]")[0]
    line.set("d", re.sub(r"(\d)\.", lambda match: f"{(int(match[1]) + 1) % 10}.", line.get("d"), count=1))


def hide_output(document) -> None:
    document.xpath("//*[@data-cell='weight_decay/gaps']")[0].set("hidden", "")


def add_output_of_no_cell(document) -> None:
    output = document.xpath("//*[@data-cell='weight_decay/gaps']")[0]
    output.addnext(lxml.html.fromstring('<div class="output"><p>all gaps are zero</p></div>'))


def add_block_of_no_cell(document) -> None:
    output = document.xpath("//*[@data-cell='weight_decay/gaps']")[0]
    output.addnext(lxml.html.fromstring("<pre>all gaps are zero</pre>"))


def add_text_to_output(document) -> None:
    output = document.xpath("//*[@data-cell='weight_decay/gaps']")[0]
    output.append(lxml.html.fromstring("<p>all gaps are zero</p>"))


def strike_out(document) -> None:
    text = document.xpath("//*[@data-cell='weight_decay/gaps']//pre")[0]
    struck = lxml.html.fromstring(f"<del>{text.text}</del>")
    text.text = None
    text.append(struck)


def sign_before_value(document) -> None:
    value = document.xpath("//*[@data-value='weight_decay.final_norm']")[0]
    value.addprevious(lxml.html.fromstring("<b></b>"))
    value.getprevious().tail = "−"


def power_after_value(document) -> None:
    value = document.xpath("//*[@data-value='weight_decay.final_norm']")[0]
    value.tail = "²" + (value.tail or "")


def percent_after_value(document) -> None:
    value = document.xpath("//*[@data-value='weight_decay.final_norm']")[0]
    value.tail = " %" + (value.tail or "")


def marked_sign_before_value(document) -> None:
    value = document.xpath("//*[@data-value='weight_decay.final_norm']")[0]
    value.addprevious(lxml.html.fromstring("<b>minus </b>"))


def alter_volatile_count(document) -> None:
    assert alter_text(document.xpath("//*[@data-value='timing.repeats']")[0])


def alter_volatile_size(document) -> None:
    assert alter_text(document.xpath("//*[@data-value='timing.middle']")[0])


def drift(document) -> None:
    """Lengthen each step of a line by what one step may be off."""
    line = document.xpath("//*[@data-cell='weight_decay/figure_fits']//svg//path[@d][@clip-path]")[0]
    moves = iter(range(10_000))

    def longer(match: re.Match[str]) -> str:
        return f"{float(match[0]) + 0.1 * (next(moves) > 1):.1f}"

    line.set("d", re.sub(r"-?\d+\.\d\b", longer, line.get("d")))


def move_output(document) -> None:
    output = document.xpath("//*[@data-cell='weight_decay/gaps']")[0]
    document.xpath("//*[@data-cell]")[0].addprevious(output)


def alter_last_output(document) -> None:
    *_, last = document.xpath("//*[@data-cell and not(@data-volatile)][.//pre]")
    assert alter_text(last)


def alter_last_value(document) -> None:
    *_, last = document.xpath("//*[@data-value and not(@data-volatile)][not(ancestor::*[@data-cell])]")
    assert alter_text(last)


DISGUISES = [remove_output, add_output, remove_value, claim_volatile, move_a_point]
DISGUISES += [hide_output, add_output_of_no_cell, add_block_of_no_cell, add_text_to_output, strike_out]
DISGUISES += [sign_before_value, power_after_value, percent_after_value, marked_sign_before_value]
DISGUISES += [alter_volatile_count, alter_volatile_size, drift]
