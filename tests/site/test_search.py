"""Search: what readers type leads to the section that answers it, through the search that they use.

A query's place is that of its section among the results that show before anything is unfolded.
"""

import pytest

from publish.search import plain

FOUND = """(items) => items.flatMap((item) => {
  const links = [...item.children].filter((one) => one.matches('a')).map((link) => new URL(link.href));
  return (links.length > 1 ? links.slice(1) : links).map((url) => url.pathname + url.hash);
})"""
# What readers type, and the sections that answer it; one of them is enough.
ANSWERED = """
difference between adam and adamw: breaks/#adamw questions/#adam
Adam vs AdamW: breaks/#adamw questions/#adam
exclude LayerNorm: questions/#exclude priors/#blocks
exclude bias from weight decay: questions/#exclude questions/#biases priors/#blocks
frozen weights change: questions/#frozen
freeze layers: questions/#frozen breaks/#no-gradient
optimal weight decay: choosing/ choosing/#evidence questions/#too-large
how to choose weight decay: choosing/ questions/#too-large choosing/#practice
MAP vs MLE: questions/#map-mle
L1 regularization: questions/#elastic-net priors/#laplace
regularisation: #what questions/#l2-loss questions/#elastic-net
finetuning: questions/#finetuning priors/#toward-mean
lasso: questions/#elastic-net priors/#laplace
hyperparameter tuning: questions/#together choosing/
keras l2: questions/#keras
LoRA: questions/#lora
early stopping: questions/#early-stopping
bf16: questions/#bfloat16
lion: breaks/#muon-lion
amp: questions/#in-between
muon weight decay: breaks/#muon-lion
gradient clipping: breaks/#clipping questions/#in-between
gradient accumulation: breaks/#accumulation
batch norm: breaks/#scale questions/#exclude priors/#flat-gains
batch size: choosing/#batches breaks/#minibatch questions/#elsewhere
prior variance: #claim #assumptions choosing/#names choosing/#calculator
convert sklearn alpha to weight decay: choosing/#names choosing/#calculator
calculator: choosing/#calculator
learning rate schedule: questions/#schedule choosing/#clock
weight decay scheduler: questions/#schedule-decay questions/#schedule
default weight decay adamw: questions/#values #adamw breaks/#table
ridge regression: breaks/#ridge
momentum: questions/#sgdw
derivation of weight decay as gaussian prior: #bayes #claim questions/#gaussian
mean squared error noise variance: #mse corrections/#substance
laplace prior: priors/#laplace questions/#elastic-net
informative prior transfer learning: priors/#toward-mean priors/#covariance priors/#does-it-help
marginal likelihood: choosing/#evidence choosing/#laplace
how many tokens is n: choosing/#effective-n
cold posterior: map-estimate/#tempering
reproducibility seeds: last-digits/#seeds
floating point differences: last-digits/#zero last-digits/#ulp questions/#manual-penalty
which parameters are decayed: audit/#prints questions/#biases questions/#exempt questions/#which
optax: questions/#optax
huggingface trainer: questions/#exempt
embedding: questions/#embedding-rows questions/#sparse questions/#exempt
cite: #cite
"""
QUERIES = dict(line.split(": ") for line in ANSWERED.strip().splitlines())


@pytest.fixture(scope="module")
def results(browser, site_url):
    """Return the addresses found for each query, below the site's own."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(site_url)
    page.locator(".md-search__input").click()
    said, items = page.locator(".md-search-result__meta"), page.locator(".md-search-result__item")
    said.filter(has_text="Type to start searching").wait_for()
    below = page.evaluate("location.pathname")
    found = {}
    for query in QUERIES:
        for typed in ("qqzz", query):
            page.locator(".md-search__input").fill(typed)
            page.keyboard.press("End")
            nothing = {"has_text" if typed == "qqzz" else "has_not_text": "No matching documents"}
            said.filter(**nothing).wait_for()
        found[query] = [address.removeprefix(below) for address in items.evaluate_all(FOUND)]
    page.close()
    return found


def test_no_query_of_readers_finds_nothing(results):
    assert [query for query, found in results.items() if not found] == []


def test_readers_find_the_section_that_answers_among_the_first_three(results):
    first = {query: found[:3] for query, found in results.items()}
    missed = {query: found for query, found in first.items() if not {*QUERIES[query].split()} & {*found}}
    assert len(QUERIES) >= 40 and len(missed) <= len(QUERIES) * 6 // 40, missed


def test_a_formula_reads_in_a_result_as_it_would_be_typed():
    assert plain(r"at most \(\lvert\theta_j\rvert \le \frac{1}{\lambda}\)") == "at most |θj| ≤ 1/λ"
