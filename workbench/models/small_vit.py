"""A vision transformer for small pictures, whose input can be thinned out or covered patch by patch.

Dosovitskiy et al.: An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale (ICLR 2021), with the
fixed two-dimensional sine-cosine positions of MAE's code (He et al. 2022, section 3, "simple implementation") and the
mean of the tokens as features, of which MAE (appendix A.1) found it to do as well as a class token.

A causal encoder masks attention so that a patch sees itself and what stands before it row by row, which autoregressive
objectives need; its features are the mean of such tokens.

The blocks are timm's (pre-normalised, GELU, a hidden layer of four times the width). A picture of another size than
the encoder was made for gets positions that are stretched over it, as DINO does for its small crops.

Shapes: N samples, L = rows * columns patches row by row, K of them kept, D width
"""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from workbench.core.errors import Problem, RecipeError, RunFailed
from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.positions import grid_positions
from workbench.models.transformer import transformer_blocks
from workbench.plugins.specs import BackboneSpec, Paper

INITIAL_STD = 0.02


class SmallViTConfig(Model):
    """Settings of the small ViT."""

    patch: int = setting(4, "Patch", "side of a patch; the view's side is a multiple of it", unit="px", ge=2, le=16)
    width: int = setting(128, "Width", "numbers a token; a multiple of 4 and of the heads", ge=16, le=1024)
    depth: int = setting(4, "Depth", "transformer blocks", ge=1, le=24)
    heads: int = setting(4, "Heads", "attention heads of a block", ge=1, le=16)
    pool: Literal["mean", "class"] = setting(
        "mean", "Features", "the mean of all tokens, or a class token that is learned beside them"
    )
    causal: bool = setting(
        False, "Causal", "each patch sees only itself and those before it, row by row; for autoregressive pixels"
    )


class SmallViT(Backbone):
    """Patches, positions, transformer blocks, a final normalisation.

    Shapes: x (N, 3, H, W) float, H and W multiples of the patch -> features (N, D); tokens (N, L, D) without the class
    token.

    Raises RecipeError at `backbone.patch`, `backbone.width` or `backbone.heads` for numbers that do not divide.
    """

    spec: ClassVar[BackboneSpec] = BackboneSpec(
        id="small_vit",
        title="Small ViT",
        tokens=True,
        patches=True,
        causal=True,
        summary="A vision transformer for small views: patches of 2 to 16 px, any of which an objective can hide.",
        paper=Paper(
            title="An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale",
            authors="Dosovitskiy, Beyer, Kolesnikov, Weissenborn, Zhai et al.",
            year=2021,
            venue="ICLR",
            url="https://arxiv.org/abs/2010.11929",
        ),
    )
    Config: ClassVar[type[Model]] = SmallViTConfig

    def __init__(self, config: SmallViTConfig, image_size: int) -> None:
        super().__init__()
        problems = _problems(config, image_size)
        if problems:
            raise RecipeError(problems)
        self.patch, self.width, self.causal = config.patch, config.width, config.causal
        self.rows = image_size // config.patch
        self.project = nn.Conv2d(3, config.width, config.patch, config.patch)
        self.class_token = nn.Parameter(torch.zeros(config.width)) if config.pool == "class" else None
        self.blocks = transformer_blocks(config.width, config.heads, config.depth)
        self.norm = nn.LayerNorm(config.width)
        initialise(self)
        # A patch is one flat vector to a transformer, so its projection starts like a linear layer's.
        nn.init.xavier_uniform_(self.project.weight.view(config.width, -1))
        if self.class_token is not None:
            nn.init.normal_(self.class_token, std=INITIAL_STD)

    def features(self, x: Tensor) -> Tensor:
        """The mean of the tokens, or the class token, (N, D)."""
        return self._pooled(self._run(self._placed(x)))

    def tokens(self, x: Tensor) -> Tensor:
        """One vector a patch, row by row, (N, L, D)."""
        return self._patches_of(self._run(self._placed(x)))

    def encode(self, x: Tensor, keep_NK: Tensor) -> Tensor:
        """Tokens of the patches at `keep_NK` (int64, row by row) alone: no block sees the others. (N, K, D)."""
        placed_NLD = self._placed(x)
        kept_NKD = placed_NLD.gather(1, keep_NK[:, :, None].expand(-1, -1, self.width))
        return self._patches_of(self._run(kept_NKD))

    def encode_covered(self, x: Tensor, hidden_NL: Tensor, cover_D: Tensor) -> Tensor:
        """Tokens of all patches, with `cover_D` for the content of those that are hidden (bool). (N, L, D)."""
        return self._patches_of(self._run(self._placed(x, hidden_NL, cover_D)))

    def features_and_tokens(
        self, x: Tensor, hidden_NL: Tensor | None = None, cover_D: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Features (N, D) and tokens (N, L, D) of one pass, with `cover_D` for the content of hidden patches."""
        out_NLD = self._run(self._placed(x, hidden_NL, cover_D))
        return self._pooled(out_NLD), self._patches_of(out_NLD)

    def _placed(self, x: Tensor, hidden_NL: Tensor | None = None, cover_D: Tensor | None = None) -> Tensor:
        rows, columns = self._grid(x)
        content_NLD = self.project(x).flatten(2).transpose(1, 2)
        if hidden_NL is not None and cover_D is not None:
            content_NLD = torch.where(hidden_NL[:, :, None], cover_D.to(content_NLD.dtype), content_NLD)
        placed_NLD: Tensor = content_NLD + grid_positions(rows, columns, self.width, self.rows, x.device)
        return placed_NLD

    def _run(self, tokens_NLD: Tensor) -> Tensor:
        if self.class_token is not None:
            class_N1D = self.class_token.to(tokens_NLD.dtype).expand(len(tokens_NLD), 1, -1)
            tokens_NLD = torch.cat([class_N1D, tokens_NLD], dim=1)
        for block in self.blocks:
            tokens_NLD = block(tokens_NLD, is_causal=True) if self.causal else block(tokens_NLD)
        out_NLD: Tensor = self.norm(tokens_NLD)
        return out_NLD

    def _pooled(self, out_NLD: Tensor) -> Tensor:
        return out_NLD[:, 0] if self.class_token is not None else out_NLD.mean(dim=1)

    def _patches_of(self, tokens_NLD: Tensor) -> Tensor:
        return tokens_NLD[:, 1:] if self.class_token is not None else tokens_NLD

    def _grid(self, x: Tensor) -> tuple[int, int]:
        height, width = x.shape[2:]
        if height % self.patch or width % self.patch:
            raise RunFailed(
                f"Views of {width} x {height} px cannot be cut into patches of {self.patch} px.",
                f"Make the size of every branch a multiple of {self.patch}, or change backbone.patch.",
            )
        return height // self.patch, width // self.patch


def initialise(module: nn.Module) -> None:
    """Linear layers as in the code of ViT and MAE: Xavier-uniform weights, biases of 0."""
    for part in module.modules():
        if isinstance(part, nn.Linear):
            nn.init.xavier_uniform_(part.weight)
            nn.init.zeros_(part.bias)


def _problems(config: SmallViTConfig, image_size: int) -> list[Problem]:
    problems = []
    if image_size % config.patch:
        divisors = [str(side) for side in range(2, 17) if image_size % side == 0]
        way_out = f"Choose {' or '.join(divisors)}" if divisors else "Choose another view size"
        words = f"views of {image_size} px cannot be cut into patches of {config.patch} px. {way_out}."
        problems.append(Problem("backbone.patch", words))
    if config.width % 4:
        words = f"{config.width} is not a multiple of 4, which positions of rows and columns need."
        problems.append(Problem("backbone.width", words))
    if config.causal and config.pool == "class":
        words = "a class token stands before all patches, and in a causal encoder sees none of them. Take the mean."
        problems.append(Problem("backbone.pool", words))
    if config.width % config.heads:
        words = f"{config.heads} heads do not divide a width of {config.width}."
        problems.append(Problem("backbone.heads", words))
    return problems
