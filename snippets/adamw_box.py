# %% [markdown]
# # Where AdamW’s decay ends
#
# Two parameters, one loss whose minimum lies outside the box. SGD ends
# at the minimum of the penalized loss; AdamW ends at the edge of the box.

# %% problem
import matplotlib.pyplot as plt
import torch

torch.set_default_dtype(torch.float64)
weight_decay = 1.0
minimum = torch.tensor([3.0, 0.9])
curvature = torch.tensor([[1.0, -0.4], [-0.4, 0.8]])


def f(theta):
    return (theta - minimum) @ curvature @ (theta - minimum) / 2


# %% run
def run(optimizer_class, lr, steps=4000):
    """Path of an optimizer from the origin, its learning rate falling."""
    theta = torch.zeros(2, requires_grad=True)
    optimizer = optimizer_class([theta], lr=lr, weight_decay=weight_decay)
    path = [theta.detach().clone()]
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = lr * (1 - step / steps)
        optimizer.zero_grad()
        f(theta).backward()
        optimizer.step()
        path.append(theta.detach().clone())
    return torch.stack(path)


paths = {
    "SGD": run(torch.optim.SGD, 0.02),
    "AdamW": run(torch.optim.AdamW, 0.02),
}
for name, path in paths.items():
    print(f"{name:5} ends at ({path[-1, 0]:.3f}, {path[-1, 1]:.3f})")
print(f"the box: |θ| ≤ 1/λ = {1 / weight_decay:g}")

# %% figure
a, b = torch.meshgrid(
    torch.linspace(-1.4, 4, 80), torch.linspace(-1.4, 2, 80), indexing="xy"
)
plane = torch.stack([a, b], dim=-1) - minimum
levels = torch.einsum("ijk,kl,ijl->ij", plane, curvature, plane) / 2
edge = 1 / weight_decay
fig, ax = plt.subplots(figsize=(5.4, 3.2))
ax.contour(a, b, levels, levels=[0.1, 0.5, 1.2, 2.2, 3.5, 5], colors="0.5",
           linewidths=0.8)
square = plt.Rectangle((-edge, -edge), 2 * edge, 2 * edge)
square.set(facecolor="C2", edgecolor="C2", alpha=0.15)
ax.add_patch(square)
for (name, path), style in zip(paths.items(), ("C0-", "C1--"), strict=True):
    ax.plot(*path.T, style, label=name)
    ax.plot(*path[-1], style[:2] + "o", ms=7)
ax.plot(*minimum, "k+", ms=10, mew=1.8)
paper = {"fc": "w", "ec": "none", "pad": 1}
ax.annotate("minimum of f", minimum + torch.tensor([0.2, 0.3]), ha="right", bbox=paper)
ax.annotate("box |θ| ≤ 1/λ", (-0.95, 0.72), color="C2")
ax.set(xlabel="first parameter", ylabel="second parameter", aspect="equal")
ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.2), ncols=2)
sgd, adamw = (path[-1].tolist() for path in paths.values())
side = "inside" if max(map(abs, sgd)) <= edge else "outside"
fig.set_label(
    "Contours of a loss over two parameters; its minimum lies to the right of a "
    f"shaded box, a square around zero with its edge at {edge:g}. SGD with weight "
    f"decay ends {side} the box, at {sgd[0]:.2f}, {sgd[1]:.2f}; AdamW at the "
    f"edge of the box, at {adamw[0]:.2f}, {adamw[1]:.2f}."
)

# %% values tags=["hidden"]
values = {
    "weight_decay": weight_decay,
    "edge": edge,
    "adamw_first": adamw[0],
    "adamw_second": adamw[1],
    "sgd_first": sgd[0],
    "sgd_second": sgd[1],
}
