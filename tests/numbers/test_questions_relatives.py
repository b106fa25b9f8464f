"""Relatives of weight decay, as the answers state them.

Oracle: closed forms, scikit-learn, and (nightly) Keras and optax, each in an environment of its own.
"""

import json
import os
import subprocess

import apart
import numpy as np
import pytest
from sklearn.linear_model import ElasticNet

EXPECTED = {
    "ridge": 0.1 / (0.1 + 1 / (0.1 * 100)),
    "net_first": (3.0 - 1) / 1.5,  # a threshold, then a division
    "net_second": (1.2 - 1) / 1.5,
    "net_last": 0,
    "keras_l2": 1 - 0.1 * (1 + 2 * 0.01),  # L2(c) is a decay of 2c
    "keras_double": 1 - 0.1 * (1 + 2 * 0.01),
    "optax_coupled": 1 - 0.1,  # up to Adam's eps: the place in the chain decides
    "optax_decoupled": 1 - 0.1 * 1.01,
    "optax_last": 1 - 0.1 + 0.01,
}


def test_values_are_their_closed_forms(values):
    assert {key: values[key] for key in EXPECTED} == pytest.approx(EXPECTED, rel=1e-8, abs=1e-9)


def test_map_shrinks_the_mean_by_n_over_n_plus_one(values):
    assert values["map_few"] == pytest.approx(values["mle_few"] * 2 / 3, rel=1e-9)
    assert values["map_many"] == pytest.approx(values["mle_many"] * 2000 / 2001, rel=1e-9)


def test_a_stopped_run_is_the_minimum_of_a_penalty_that_depends_on_the_curvature(values):
    w, curvature = np.zeros(3), np.array([1.0, 0.1, 0.01])
    for _ in range(100):
        w -= 0.1 * curvature * (w - 1)
    assert values["stopped"] == pytest.approx(w[1], rel=1e-9)
    strengths = curvature * (1 - w) / w  # the λ at whose minimum each direction stands
    assert strengths.max() > 1.5 * strengths.min() and (np.diff(strengths) > 0).all()


def test_elastic_net_is_scikit_learns(values):
    X = np.sqrt(3) * np.eye(3)  # so that scikit-learn's 1/(2n) of the squares is half the squared distance
    net = ElasticNet(alpha=1.5, l1_ratio=1 / 1.5, fit_intercept=False, tol=1e-12)
    found = net.fit(X, np.sqrt(3) * np.array([3.0, 1.2, 0.4])).coef_
    assert found == pytest.approx([values[f"net_{place}"] for place in ("first", "second", "last")], abs=1e-9)


def test_decay_on_two_factors_lowers_each_singular_value_by_lambda(values):
    sizes = [values[f"lora_{place}"] for place in ("first", "second", "last")]
    assert sizes == pytest.approx([3.0 - 0.5, 1.0 - 0.5, 0.0], abs=1e-4)
    assert values["lora_squares"] == pytest.approx(values["lora_nuclear"], rel=1e-4)


def said(name, version, program, sees_ours=False):
    """Run a program with a library that is not ours, and return what it printed as JSON."""
    python = apart.installed(name, version, sees_ours).with_name("python")
    environment = os.environ | {"KERAS_BACKEND": "torch"}
    ran = subprocess.run([python, "-c", program], env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


OPTAX = """
import json, jax.numpy as jnp, optax
decay, rate = optax.add_decayed_weights(0.01), optax.scale_by_learning_rate(0.1)
adam, ends = optax.scale_by_adam(), []
for chain in ((decay, adam, rate), (adam, decay, rate), (adam, rate, decay)):
    transformation, w = optax.chain(*chain), jnp.array(1.0)
    update, _ = transformation.update(jnp.array(1.0), transformation.init(w), w)
    ends.append(float(optax.apply_updates(w, update)))
transformation = optax.adamw(0.1, weight_decay=0.01)
update, _ = transformation.update(jnp.array(1.0), transformation.init(w), w)
print(json.dumps([*ends, float(optax.apply_updates(w, update))]))
"""
KERAS = """
import json, keras, numpy as np
def step(optimizer, l2=None):
    regularizer = keras.regularizers.L2(l2) if l2 else None
    ones = dict(kernel_initializer="ones", bias_initializer="ones")
    dense = keras.layers.Dense(1, kernel_regularizer=regularizer, **ones)
    model = keras.Sequential([keras.layers.Input((1,)), dense])
    model.compile(optimizer=optimizer, loss=lambda target, output: keras.ops.mean(output))
    shown = model.train_on_batch(np.ones((4, 1)), np.zeros((4, 1)))
    return [float(x) for w in model.get_weights() for x in np.ravel(w)] + [float(shown)]
classes = keras.optimizers.SGD, keras.optimizers.Adam
print(json.dumps([step(classes[0](0.1), l2=0.01), *(step(c(0.1, weight_decay=0.01)) for c in classes)]))
"""


@pytest.mark.nightly
def test_optax_itself_gives_these_steps(values):
    *ends, adamw = said("optax", "0.2.8", OPTAX)
    expected = [values[f"optax_{order}"] for order in ("coupled", "decoupled", "last")]
    assert ends == pytest.approx(expected, abs=2e-6)  # float32
    assert adamw == pytest.approx(values["optax_decoupled"], abs=2e-6)


@pytest.mark.nightly
def test_keras_itself_gives_these_steps(values):
    (kernel, bias, shown), sgd, adam = said("keras", "3.15.1", KERAS, sees_ours=True)
    assert kernel == pytest.approx(values["keras_l2"], abs=1e-6)  # float32
    assert bias == pytest.approx(0.9, abs=1e-6)  # kernel_regularizer leaves it alone
    assert shown == pytest.approx(2 + 0.01, abs=1e-6)  # the penalty is in the loss that is printed
    decoupled = [1 - 0.1 * 1.01, 1 - 0.1 * 1.01, 2]  # biases decay too, and the loss knows nothing of it
    assert [*sgd, *adam] == pytest.approx(decoupled * 2, abs=2e-6)
