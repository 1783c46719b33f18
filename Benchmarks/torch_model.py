"""The VAE of the comparisons in PyTorch: dense, or with convolutions k4 s2 p1 before dense layers and the mirror image behind, or of listed blocks."""
import torch
from torch import nn
from torch.nn import functional as F

import torch_blocks


def add_arguments(parser):
    numbers = lambda text: [int(number) for number in text.split(",")]
    parser.add_argument("--map", type=lambda text: [int(size) for size in text.split("x")], help="28x28x1: height, width, channels")
    parser.add_argument("--channels", type=numbers, default=[], help="of convolutions, which --map is for")
    parser.add_argument("--hidden", type=numbers, default=[400])
    parser.add_argument("--encoder", help="blocks of the encoder, in place of channels and hidden, and of the decoder")
    parser.add_argument("--decoder")
    parser.add_argument("--latent", type=int, default=20)


class VAE(nn.Module):
    def __init__(self, options, features):
        super().__init__()
        self.map = options.map
        if options.encoder:
            blocks, shape = torch_blocks.network(options.encoder, options.map)
            self.encoder = nn.Sequential(*blocks, nn.Linear(*shape, 2 * options.latent))
            blocks, shape = torch_blocks.network(options.decoder, [options.latent])
            assert shape == options.map, shape
            self.decoder = nn.Sequential(*blocks)
            return
        def dense(sizes):
            return [layer for a, b in zip(sizes, sizes[1:]) for layer in (nn.Linear(a, b), nn.ReLU())]
        hidden, code = options.hidden, 2 * options.latent
        before, behind, inputs = [], [], features
        if options.channels:
            height, width, channels = options.map
            sizes = [channels, *options.channels]
            for a, b in zip(sizes, sizes[1:]):
                before += [nn.Conv2d(a, b, 4, 2, 1), nn.ReLU()]
                # What is odd loses a place, which the way back puts there again.
                behind = [nn.ConvTranspose2d(b, a, 4, 2, 1, output_padding=(height % 2, width % 2)), nn.ReLU()] + behind
                height, width = height // 2, width // 2
            before, behind = before + [nn.Flatten()], [nn.Unflatten(1, (sizes[-1], height, width)), *behind[:-1]]
            inputs = sizes[-1] * height * width
        self.encoder = nn.Sequential(*before, *dense([inputs, *hidden]), nn.Linear(hidden[-1], code))
        ends = dense([options.latent, *reversed(hidden), inputs])
        self.decoder = nn.Sequential(*(ends if behind else ends[:-1]), *behind)

    def shaped(self, rows):
        """Rows as the network takes them: maps with their channels first."""
        return rows if self.map is None else rows.reshape(-1, *self.map).permute(0, 3, 1, 2).contiguous()

    def forward(self, x):
        """The sums of reconstruction and KL over rows, in nats."""
        mean, log_variance = self.encoder(x).float().chunk(2, 1)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        logits = self.decoder(z).float()
        reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        return reconstruction, -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
