"""SimCLR under DistributedDataParallel whose processes are taken away and given back; prints one line of JSON.

  pytorch_elastic.py --data FOLDER --processes 3 --seconds 180 [--every 30 --back 10] [--checkpoint 20] [--batch 96]
      kept: steps at the end of the time, counted from the first one; curve: [seconds, steps] as they grew. Every `every` seconds one process is killed.
      The others begin again from the last checkpoint (which the first process writes every `checkpoint` steps), as elastic launchers do it, and once more
      with the full number when the lost one is back after `back` seconds. 0 for --every: nothing is taken away.
"""
import argparse, json, os, signal, socket, subprocess, sys, tempfile, time


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def worker(o):
    import torch
    from torch.utils.data import DataLoader
    from torch.utils.data.distributed import DistributedSampler
    import pytorch_simclr as peer
    torch.set_num_threads(1)
    torch.manual_seed(0)
    torch.distributed.init_process_group("gloo")
    rank, world = torch.distributed.get_rank(), torch.distributed.get_world_size()
    net = peer.SimCLR(o.backbone)
    optimizer = torch.optim.SGD(net.parameters(), 0.3 * o.batch / 256, 0.9, weight_decay=1e-4)
    k, kept = 0, os.path.join(o.state, "checkpoint.pt")
    if os.path.exists(kept):
        found = torch.load(kept)
        net.load_state_dict(found["net"])
        optimizer.load_state_dict(found["optimizer"])
        k = found["step"]
    model = torch.nn.parallel.DistributedDataParallel(net)
    images, _ = peer.read(o.data, "train", 2048)
    sampler = DistributedSampler(images, world, rank)
    batches = DataLoader(peer.TwoViews(images), o.batch // world, sampler=sampler, drop_last=True)
    while True:
        sampler.set_epoch(k)
        for x1, x2 in batches:
            z1, z2 = model(x1, x2, o.micro)
            loss = peer.nt_xent(z1, z2)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            k += 1
            if rank == 0:
                if k % o.checkpoint == 0:
                    torch.save({"net": net.state_dict(), "optimizer": optimizer.state_dict(), "step": k}, kept + ".new")
                    os.replace(kept + ".new", kept)
                with open(os.path.join(o.state, "progress"), "a") as f:
                    f.write(f"{time.time()} {k}\n")


def supervise(o):
    state = tempfile.mkdtemp()
    progress, ranks = os.path.join(state, "progress"), []

    def start(world):
        port = free_port()
        for r in range(world):
            env = dict(os.environ, RANK=str(r), WORLD_SIZE=str(world), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
            ranks.append(subprocess.Popen([sys.executable, __file__, *sys.argv[1:], "--state", state], env=env, stderr=subprocess.DEVNULL, start_new_session=True))

    def stop():
        while ranks:
            p = ranks.pop()
            p.kill()
            p.wait()

    def done():
        return [(float(t), int(k)) for t, k in (line.split() for line in open(progress))] if os.path.exists(progress) else []

    start(o.processes)
    while not done():
        if any(p.poll() is not None for p in ranks):
            sys.exit("a process ended before its first step")
        time.sleep(0.05)
    first = done()[0][0]
    losses, back = [], None
    while time.time() < first + o.seconds:
        now = time.time() - first
        if back is not None and now >= back:
            stop()
            start(o.processes)
            back = None
        if o.every and now >= o.every * (len(losses) + 1):
            losses.append(now)
            ranks[len(losses) % len(ranks)].send_signal(signal.SIGKILL)
            stop()
            start(o.processes - 1)
            back = now + o.back
        time.sleep(0.05)
    stop()
    curve, lead = [], 0
    for t, k in done():  # steps that a restart took back do not count until they are computed again
        lead = k
        if t - first <= o.seconds:
            curve.append((t - first, lead))
    print(json.dumps({"kept": curve[-1][1], "curve": curve, "losses": losses}))


parser = argparse.ArgumentParser()
parser.add_argument("--data", required=True)
parser.add_argument("--backbone", default="conv4")
parser.add_argument("--batch", type=int, default=96)
parser.add_argument("--micro", type=int, default=16)
parser.add_argument("--processes", type=int, default=3)
parser.add_argument("--seconds", type=float, default=180)
parser.add_argument("--every", type=float, default=0)
parser.add_argument("--back", type=float, default=10)
parser.add_argument("--checkpoint", type=int, default=20, help="steps from one checkpoint to the next")
parser.add_argument("--state", help="folder of a process; without it this one starts the others")
options = parser.parse_args()
(worker if options.state else supervise)(options)
