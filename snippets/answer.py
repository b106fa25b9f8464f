# %% [markdown]
# # What a value of weight decay means
#
# The prior’s standard deviation for two usual values and three sizes of data
# set, and, for AdamW, how many epochs its decay looks back.

# %% lookup tags=["markdown"]
import math

sizes = {1_000: "", 50_000: " (CIFAR-10)", 1_281_167: " (ImageNet)"}
lr, batch = 1e-3, 128  # AdamW's default learning rate; a usual batch
print("| examples | SGD, 1e-2 | SGD, 1e-4 | AdamW, 1e-2 |")
print("| :--- | ---: | ---: | ---: |")
prior_std, epochs = {}, {}
for n, name in sizes.items():
    for weight_decay in (1e-2, 1e-4):
        prior_std[n, weight_decay] = math.sqrt(1 / (n * weight_decay))
    epochs[n] = 1 / (lr * 1e-2) / (n / batch)  # 1/(ηλ) steps, in epochs
    print(f"| {n:,}{name} | {prior_std[n, 1e-2]:.2g}"
          f" | {prior_std[n, 1e-4]:.2g} | {epochs[n]:,.0f} |")

# %% values tags=["hidden"]
values = {
    "lr": lr,
    "batch": batch,
    "middle": 50_000,
    "prior_std_1e2": prior_std[50_000, 1e-2],
    "prior_std_1e4": prior_std[50_000, 1e-4],
    "steps": 1 / (lr * 1e-2),
    "epochs": epochs[50_000],
}
