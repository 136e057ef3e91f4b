"""Checks what the studies are made of: check_studies.py BENCHMARKS FOLDER. Parts of a data set, templates (which nnc-opt
reads), trainings that run once, faults that are found, and the heads of model files."""

import copy
import json
import os
import subprocess
import sys

sys.path.insert(0, sys.argv[1])
import depth_study
import model_files
import overfitting_study
import study

FOLDER = sys.argv[2]


def make_rows():
    source = os.path.join(FOLDER, "source")
    os.makedirs(source)
    for split, rows in (("train", 60), ("validation", 20), ("test", 20)):
        with open(os.path.join(source, f"{split}.tsv"), "w") as file:
            file.write("text\tlabel\n" + "".join(f"{split} word{i % 7} \"{i}\t{'ab'[i % 2]}\n" for i in range(rows)))
    return source


def check_rows(source):
    data = os.path.join(FOLDER, "data")
    assert study.take_rows(source, {"train": 30}, data) == {"train": 30, "validation": 20, "test": 20}
    whole, part = study.read_rows(source, "train")[1], study.read_rows(data, "train")[1]
    assert part == [line for line in whole if line in set(part)], "the order is that of the file"
    study.take_rows(source, {"train": 29}, os.path.join(FOLDER, "less"))
    assert set(study.read_rows(os.path.join(FOLDER, "less"), "train")[1]) < set(part)
    assert study.count_classes(data) == 2
    print("rows: the same part each time")
    return data


def check_templates():
    texts = [depth_study.model_text(kind, layers, size, 20) for size in depth_study.SIZES.values()
             for kind in depth_study.KINDS for layers in depth_study.LAYERS]
    texts += [overfitting_study.model_text(remedy, size) for size in overfitting_study.SIZES.values()
              for remedy in overfitting_study.REMEDIES.values()]
    for text in texts:
        subprocess.run(["nnc-opt", "-"], input=text, text=True, check=True, capture_output=True)
    assert len(set(texts)) == 2 * (15 + 5), "early stopping has the network of nothing"
    everything = overfitting_study.model_text(overfitting_study.REMEDIES["all"], overfitting_study.SIZES["full"])
    assert everything.count("nn.dropout") == 3 and everything.count("kernel_regularizer") == 3, everything
    assert everything.count("recurrent_regularizer") == 2 and "%h2_dropped {units = 20" in everything, everything
    print(f"templates: {len(texts)} read")


def check_training(data):
    size = depth_study.Size({}, tokens=4, vocabulary=20, width=4, epochs=2)
    networks = [("averaged, dense", 2), ("bidirectional lstm", 1)]
    options = ("--epochs", 2, "--monitor", "val_accuracy")
    trainings = [study.Training(f"n{i}", depth_study.model_text(*network, size, 2), options, best=True)
                 for i, network in enumerate(networks)]
    folder = os.path.join(FOLDER, "trainings")
    first = study.train_all(trainings, data, folder, 1)
    assert study.train_all(trainings, data, folder, 2) == first, "seconds included: nothing was trained again"
    shorter = study.train(study.Training("n0", trainings[0].model, ("--epochs", 1), best=True), data, folder)
    assert len(shorter["epochs"]) == 1, "other options are another training"
    assert not list(depth_study.find_faults(networks, first, size, None))
    kinds = study.parameters_by_kind(first[0])
    assert kinds == {"embedding": 20 * 4, "dense": 2 * (4 * 4 + 4) + 4 * 2 + 2}, kinds
    wrong = copy.deepcopy(first)
    wrong[0]["epochs"].pop()
    wrong[1]["report"]["depth"] = 7
    print("\n".join(depth_study.find_faults(networks, wrong, size, [0, 0])))


def check_section():
    path = os.path.join(FOLDER, "page.md")
    with open(path, "w") as file:
        file.write("before\n<!-- x: begin -->\nold\n<!-- x: end -->\nafter\n")
    for _ in range(2):
        study.replace_section(path, "x", "new")
    with open(path) as file:
        assert file.read() == "before\n<!-- x: begin -->\n\nnew\n\n<!-- x: end -->\nafter\n"


def check_heads():
    for name in sorted(os.listdir(model_files.MODELS)):
        if name.endswith(".mlir"):
            head = model_files.Head.read(os.path.join(model_files.MODELS, name))
            assert f"models/{name} --data ~/.cache/nnc/data/{head.data} " in head.command, head
            print(f"head: {name}: {json.dumps(head.options())}")


check_templates()
check_section()
check_training(check_rows(make_rows()))
check_heads()
