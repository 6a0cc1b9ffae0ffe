"""Measures convolutions, training steps and inference beside PyTorch, escnn, e3nn and ONNX Runtime, taking turns.

Started by `compare-peers`, which prepares the environment. Each table row is the median over many short runs that
alternate between the programs, all with the same number of threads, so that a busy machine slows all of them alike.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import torch

CONVOLUTIONS = [
    # name, passes, batch, channels in, channels out, groups, kernel, padding, size, bar
    ("16 × 128→128, 5×5, 24²", "both", 16, 128, 128, 1, 5, 0, 24, 1.0),
    ("64 × 80→80, 3×3, 24²", "both", 64, 80, 80, 1, 3, 0, 24, 0.9),
    ("64 × 1→80, 3×3, 28²", "weight", 64, 1, 80, 1, 3, 0, 28, 0.4),
    ("128 × 1→40, 3×3, 28²", "weight", 128, 1, 40, 1, 3, 0, 28, None),
    ("128 × 40→40, 3×3, 26²", "both", 128, 40, 40, 1, 3, 0, 26, None),
    ("128 × 40→40, 3×3, 12²", "both", 128, 40, 40, 1, 3, 0, 12, None),
    ("128 × 40→40, 3×3, 6²", "both", 128, 40, 40, 1, 3, 0, 6, None),
] + [
    (f"32 × 512 {what}, {kernel}×{kernel}, {size}²", passes, 32, 512, 512, 512, kernel, kernel // 2, size, bar)
    for kernel, bars in [(7, [0.7, None]), (5, [None, None]), (3, [None, None])]
    for size in [28, 14]
    for (what, passes), bar in zip([("depthwise", "both"), ("forward", "forward")], bars)
]


def torch_convolution(passes, batch, channels_in, channels_out, groups, kernel, padding, size):
    """A function that runs what is asked for once and returns its milliseconds.

    The passes are `forward`, or `weight` or `both` with the gradient of the weight, or of input and weight.
    """
    input = (torch.rand(batch, channels_in, size, size) - 0.5).requires_grad_(passes == "both")
    weight = torch.rand(channels_out, channels_in // groups, kernel, kernel) - 0.5
    weight.requires_grad_(passes != "forward")
    wanted = [tensor for tensor in (input, weight) if tensor.requires_grad]
    out = size + 1 - kernel + 2 * padding
    gradient = torch.rand(batch, channels_out, out, out) - 0.5

    def run():
        start = time.perf_counter()
        output = torch.nn.functional.conv2d(input, weight, padding=padding, groups=groups)
        if wanted:
            torch.autograd.grad(output, wanted, gradient)
        return (time.perf_counter() - start) * 1e3

    run()
    return run


class Served:
    """Our benchmark program, which runs what it is asked for."""

    def __init__(self, command, settings=""):
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env=os.environ | {"GCNN_BENCH": settings},
        )

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"the benchmark program stopped at: {line}")
        return [float(word) for word in answer.split()]


def report(name, mine, theirs, bar):
    """One row: medians, and the fastest runs, which a busy machine disturbs least."""
    middle = [statistics.median(times) for times in (mine, theirs)]
    least = [min(times) for times in (mine, theirs)]
    limit = f"bar {bar}" if bar else ""
    print(
        f"{name:32} {middle[0]:10.2f} {middle[1]:9.2f} {middle[0] / middle[1]:8.2f}"
        f" {least[0]:9.2f} {least[1]:8.2f} {least[0] / least[1]:8.2f}   {limit}",
        flush=True,
    )


def convolutions(ours, rounds):
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads; forward + backward (or forward), milliseconds")
    print(f"{'':32} {'medians':>20} {'ratio':>8} {'fastest':>18} {'ratio':>8}")
    print(f"{'':32} {'ours':>10} {'torch':>9} {'':>8} {'ours':>9} {'torch':>8}")
    for name, *case, bar in CONVOLUTIONS:
        run = torch_convolution(*case)
        mine, theirs = [], []
        for _ in range(rounds):
            mine += ours.ask(" ".join(map(str, ["ours", *case, 3])))
            theirs += [run() for _ in range(3)]
        report(name, mine, theirs, bar)


def escnn_p4cnn(order):
    """P4CNN in escnn: one lifting and six group convolutions over C4 with 10 regular fields each; or over more rotations.

    3×3 but for the last, 4×4; no padding; max-pool after the second; batch normalisation, ReLU and dropout 0.3 between;
    the maximum over orientations at the end. The layout of the rotated MNIST network of Cohen and Welling (2016).
    """
    from escnn import gspaces, nn

    space = gspaces.rot2dOnR2(N=order)
    regular = lambda fields: nn.FieldType(space, fields * [space.regular_repr])
    layers, current = [], nn.FieldType(space, [space.trivial_repr])
    for index in range(6):
        hidden = regular(10)
        layers += [
            nn.R2Conv(current, hidden, kernel_size=3, padding=0, bias=False),
            nn.InnerBatchNorm(hidden),
            nn.ReLU(hidden, inplace=True),
        ]
        if index == 1:
            layers.append(nn.PointwiseMaxPool(hidden, kernel_size=2))
        else:
            layers.append(nn.FieldDropout(hidden, p=0.3))
        current = hidden
    layers += [nn.R2Conv(current, regular(10), kernel_size=4, padding=0), nn.GroupPooling(regular(10))]
    return nn.SequentialModule(*layers), layers[0].in_type


def escnn_step(batch, order):
    """A function that runs one training step of P4CNN in escnn and returns its milliseconds."""
    from escnn import nn

    model, input_type = escnn_p4cnn(order)
    model.train()
    images = torch.rand(batch, 1, 28, 28) - 0.5
    labels = torch.arange(batch) % 10
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-4)

    def run():
        start = time.perf_counter()
        optimiser.zero_grad()
        logits = model(nn.GeometricTensor(images, input_type)).tensor.flatten(1)
        torch.nn.functional.cross_entropy(logits, labels).backward()
        optimiser.step()
        return (time.perf_counter() - start) * 1e3

    run()
    return run


def escnn_inference(batch, order):
    """A function that runs P4CNN in escnn, filters expanded once, and returns its milliseconds."""
    from escnn import nn

    model, input_type = escnn_p4cnn(order)
    model.eval()
    images = torch.rand(batch, 1, 28, 28) - 0.5

    def run():
        start = time.perf_counter()
        with torch.no_grad():
            model(nn.GeometricTensor(images, input_type))
        return (time.perf_counter() - start) * 1e3

    run()
    return run


def in_turns(name, ours, run, batch, rounds, bar):
    """Ours and theirs in turns, three at a time."""
    mine, theirs = [], []
    for _ in range(rounds):
        mine += ours.ask(f"{batch} 3")
        theirs += [run() for _ in range(3)]
    report(name, mine, theirs, bar)


# name, rotations, what our benchmark programs call the group
ESCNN_GROUPS = [("P4CNN", 4, "C4"), ("C8, 10 fields", 8, "C8")]


def training_steps(program, rounds):
    for name, order, group in ESCNN_GROUPS:
        ours = Served([program, "serve"], f"group={group}")
        in_turns(f"{name}: step, batch 128", ours, escnn_step(128, order), 128, rounds, 0.6)


def inference(program, rounds):
    for name, order, group in ESCNN_GROUPS:
        ours = Served([program, "serve"], f"group={group}")
        for batch, what, bar in [(128, "inference, 128", 0.4), (1, "one image", None)]:
            run = escnn_inference(batch, order)
            in_turns(f"{name}: {what}", ours, run, batch, rounds, bar)


def exported_network(path):
    """A network that `gcnn export --format pytorch` wrote, by the lines of docs/pytorch.md."""
    page = pathlib.Path(__file__).parent.parent / "docs" / "pytorch.md"
    lines = page.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    scope = {}
    exec(compile(lines, page, "exec"), scope)
    return scope["load"](path)


def onnx_session(network, images, threads):
    """The network in ONNX Runtime, compared with PyTorch's logits."""
    import onnxruntime

    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/network.onnx"
        torch.onnx.export(network, (images,), file, input_names=["images"], output_names=["logits"], dynamo=True, verbose=False)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    with torch.no_grad():
        expected = network(images)
    (found,) = session.run(None, {"images": images.numpy()})
    error = (torch.from_numpy(found) - expected).abs().max() / expected.abs().max()
    assert error < 1e-4, f"ONNX Runtime computes something else: relative error {error:.1e}"
    return session


def onnx_inference(program, path, threads, rounds):
    """P4CNN exported: our plain network beside ONNX Runtime's and PyTorch's, which run the file of the zoo's network.

    Ours has random weights, of the same layers and sizes.
    """
    network = exported_network(path)
    ours = Served([program, "serve"], "group=C4")

    def timed(action):
        start = time.perf_counter()
        action()
        return (time.perf_counter() - start) * 1e3

    for batch, what in [(128, "128"), (1, "one image")]:
        images = torch.rand(batch, 1, 28, 28) - 0.5
        session, array = onnx_session(network, images, threads), images.numpy()

        def in_torch():
            with torch.no_grad():
                network(images)

        peers = {
            "ONNX Runtime": lambda: session.run(None, {"images": array}),
            "torch": in_torch,
        }
        for name, action in peers.items():
            action()
            in_turns(f"exported, {what}: {name}", ours, lambda: timed(action), batch, rounds, None)


def e3nn_segnn():
    """SEGNN of the charged N-body benchmark with e3nn's tensor product and gate.

    32x0e+32x1o, 4 layers, no normalisation, 147,424 parameters: the network of Brandstetter et al. (2022) on a graph
    with fixed edges, the attributes given.
    """
    from e3nn import nn, o3

    hidden, attributes = o3.Irreps("32x0e+32x1o"), o3.Irreps("1x0e+1x1o")

    class Product(torch.nn.Module):
        """A tensor product with attributes, a bias on its scalars, and a gate where one is asked for."""

        def __init__(self, irreps_in, irreps_out, gated):
            super().__init__()
            self.gate = None
            if gated:
                scalars = o3.Irreps([entry for entry in irreps_out if entry.ir.l == 0])
                others = o3.Irreps([entry for entry in irreps_out if entry.ir.l > 0])
                gates = o3.Irreps(f"{others.num_irreps}x0e")
                silu, sigmoid = torch.nn.functional.silu, torch.sigmoid
                self.gate = nn.Gate(scalars, [silu], gates, [sigmoid], others)
                irreps_out = self.gate.irreps_in.simplify()
            self.product = o3.FullyConnectedTensorProduct(irreps_in, attributes, irreps_out)
            self.scalars = sum(entry.mul for entry in irreps_out if entry.ir.l == 0)
            self.bias = torch.nn.Parameter(torch.zeros(self.scalars))

        def forward(self, features, steering):
            out = self.product(features, steering)
            if self.scalars:
                out = torch.cat([out[:, : self.scalars] + self.bias, out[:, self.scalars :]], 1)
            return self.gate(out) if self.gate else out

    class Layer(torch.nn.Module):
        def __init__(self):
            super().__init__()
            pair, both = hidden + hidden + o3.Irreps("2x0e"), hidden + hidden
            self.messages = torch.nn.ModuleList([Product(pair, hidden, True), Product(hidden, hidden, True)])
            self.updates = torch.nn.ModuleList([Product(both, hidden, True), Product(hidden, hidden, False)])

        def forward(self, nodes, graph):
            message = torch.cat([nodes[graph.targets], nodes[graph.sources], graph.scalars], 1)
            for product in self.messages:
                message = product(message, graph.edges)
            total = torch.zeros_like(nodes).index_add_(0, graph.targets, message)
            update = torch.cat([nodes, total], 1)
            for product in self.updates:
                update = product(update, graph.nodes)
            return nodes + update

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = Product(o3.Irreps("2x1o+1x0e"), hidden, False)
            self.layers = torch.nn.ModuleList(Layer() for _ in range(4))
            self.head = torch.nn.ModuleList([Product(hidden, hidden, True), Product(hidden, o3.Irreps("1x1o"), False)])

        def forward(self, features, graph):
            nodes = self.embedding(features, graph.nodes)
            for layer in self.layers:
                nodes = layer(nodes, graph)
            for product in self.head:
                nodes = product(nodes, graph.nodes)
            return nodes

    return Network()


class ParticleGraph:
    """Fully connected graphs side by side, with steering attributes of random directions."""

    def __init__(self, graphs, particles):
        from e3nn import o3

        pairs = [(i, j) for i in range(particles) for j in range(particles) if i != j]
        starts = torch.arange(graphs).repeat_interleave(len(pairs)) * particles
        self.targets = torch.tensor([i for i, _ in pairs]).repeat(graphs) + starts
        self.sources = torch.tensor([j for _, j in pairs]).repeat(graphs) + starts
        degrees = o3.Irreps("1x0e+1x1o")
        harmonics = lambda count: o3.spherical_harmonics(degrees, torch.randn(count, 3), True, "integral")
        self.edges, self.nodes = harmonics(len(self.targets)), harmonics(graphs * particles)
        self.scalars = torch.randn(len(self.targets), 2)


def segnn(ours, rounds):
    """Training step and prediction of SEGNN on 100 graphs of five particles, beside e3nn's."""
    model, graph = e3nn_segnn(), ParticleGraph(100, 5)
    features, target = torch.randn(500, 7), torch.randn(500, 3)
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-4)
    parameters = sum(weight.numel() for weight in model.parameters())
    assert parameters == 147_424, f"{parameters} parameters: not the published network"

    def timed(action):
        start = time.perf_counter()
        action()
        return (time.perf_counter() - start) * 1e3

    def step():
        optimiser.zero_grad()
        (model(features, graph) - target).square().mean().backward()
        optimiser.step()

    def predict():
        with torch.no_grad():
            model(features, graph)

    for _ in range(5):
        step(), predict()
    steps, predictions, mine = [], [], []
    for _ in range(rounds):
        mine.append(ours.ask("5"))
        steps += [timed(step) for _ in range(5)]
        predictions += [timed(predict) for _ in range(5)]
    report("SEGNN step, 100 graphs", [t for run in mine for t in run[:5]], steps, 0.3)
    report("SEGNN prediction", [t for run in mine for t in run[5:]], predictions, 0.3)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bench", required=True, help="the built benchmark program `convolution`")
    parser.add_argument("--step", help="the built benchmark program `p4cnn_step`: compares with escnn")
    parser.add_argument("--inference", help="the built benchmark program `inference`: compares with escnn")
    parser.add_argument("--exported", help="P4CNN as `gcnn export --format pytorch` wrote it: compares --inference with ONNX Runtime")
    parser.add_argument("--segnn", help="the built benchmark program `segnn_step`: compares with e3nn")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    convolutions(Served([arguments.bench, "serve"]), arguments.rounds)
    if arguments.step:
        training_steps(arguments.step, arguments.rounds)
    if arguments.inference:
        inference(arguments.inference, arguments.rounds)
    if arguments.inference and arguments.exported:
        onnx_inference(arguments.inference, arguments.exported, arguments.threads, arguments.rounds)
    if arguments.segnn:
        segnn(Served([arguments.segnn, "serve"]), arguments.rounds)


main()
