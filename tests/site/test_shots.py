"""The images for review show the whole page, also what waits until a reader comes near."""

import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from publish.shots import SCHEMES, WIDTHS

ROOT = Path(__file__).resolve().parents[2]


def test_images_of_the_article_have_no_blank_stretch(site_dir, tmp_path):
    command = [sys.executable, "-m", "publish.shots", str(site_dir), "", "--into", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=300)  # as `make shots` does
    for width in WIDTHS:
        for scheme in SCHEMES:
            with Image.open(tmp_path / f"article-{width}-{scheme}.png") as image:
                column = np.asarray(image.convert("L"))[:, image.width // 3 : -image.width // 4]
            drawn = np.flatnonzero(np.ptp(column, axis=1) > 20)
            assert np.diff(drawn).max() < 300, (
                f"{width} px, {scheme}: blank after row {drawn[np.diff(drawn).argmax()]}"
            )
