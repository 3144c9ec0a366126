# Who was it: the animals of each event, which of them look alike, and what they are called.


rule encounter:
    input:
        crops=rules.crop.output[0],
        labels=rules.label.output[0],
    output:
        f"{BATCH}/encounters.parquet",
    log:
        f"{LOGS}/encounter/{{collection}}/{{batch}}.log",
    conda:
        "../../envs/pugmark.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        # No input: of what people say, swaps in videos alone make encounters anew.
        ledger=lambda wildcards: PLAN.ledger(wildcards.collection),
        swaps=swaps,
        settings=ask(SETTINGS.encounter),
        code=code("stages.encounter"),
    shell:
        "python -m pugmark.stages.encounter --crops={input.crops:q} --labels={input.labels:q}"
        " --ledger={params.ledger:q} --settings={params.settings:q} --out={output:q} > {log:q} 2>&1"


# One job for all batches: what it matched before lies in a folder that no rule declares. So a new batch costs its own
# matching alone, and no job has to name all batches before its own.
rule match:
    input:
        run_features,
        run_keypoints,
        ancient(lambda wildcards: PLAN.rerank_weights(**wildcards).values()),
        lambda wildcards: batch_files(wildcards.collection, "encounters.parquet"),
        teachers=run_teachers,
        split=rules.split.output[0],
        stations=lambda wildcards: PLAN.weighed_by(wildcards.collection),
    output:
        f"{RUN}/pairs.parquet",
    log:
        f"{LOGS}/match/{{collection}}/{{run}}.log",
    benchmark:
        f"{BENCHMARKS}/match/{{collection}}/{{run}}.jsonl"
    conda:
        "../../envs/pugmark.yaml"
    threads: 2
    resources:
        mem_mb=memory(2000),
        runtime=minutes(240),
        gpu=lambda wildcards: int(bool(PLAN.rerank_weights(**wildcards))),
    params:
        folder=f"{RESULTS}/{{collection}}/batches",
        kept=f"{RUN}/matches",
        run=lambda wildcards: run_of(wildcards).name,
        teachers=teachers_option,
        weights=lambda wildcards: named(PLAN.rerank_weights(**wildcards)),
        settings=ask(SETTINGS.match),
        code=ask(SETTINGS.match_code),
    shell:
        "python -m pugmark.stages.match --split={input.split:q} --folder={params.folder:q} --run={params.run:q}"
        " {params.teachers:q} --kept={params.kept:q} --settings={params.settings:q} --weights {params.weights:q}"
        " --out={output:q} > {log:q} 2>&1"


# It may read features as well: those of the pairs, which are there.
rule calibrate:
    input:
        lambda wildcards: batch_files(wildcards.collection, "encounters.parquet"),
        pairs=rules.match.output[0],
        split=rules.split.output[0],
        trained=run_trained,
    output:
        f"{RUN}/calibration.parquet",
    log:
        f"{LOGS}/calibrate/{{collection}}/{{run}}.log",
    conda:
        "../../envs/pugmark.yaml"
    resources:
        mem_mb=memory(2000, per_input=4),
        runtime=minutes(30),
    params:
        folder=f"{RESULTS}/{{collection}}/batches",
        run=cosines_option,
        settings=ask(SETTINGS.calibrate),
        code=code("stages.calibrate"),
    shell:
        "python -m pugmark.stages.calibrate --pairs={input.pairs:q} --split={input.split:q} --folder={params.folder:q}"
        " {params.run:q} --trained {input.trained:q} --settings={params.settings:q} --out={output:q} > {log:q} 2>&1"


rule identify:
    input:
        lambda wildcards: batch_files(wildcards.collection, "encounters.parquet"),
        pairs=rules.match.output[0],
        calibration=rules.calibrate.output[0],
        split=rules.split.output[0],
        ledger=lambda wildcards: PLAN.ledgers(wildcards.collection),
    output:
        identities=f"{RUN}/identities.parquet",
        individuals=f"{RUN}/individuals.parquet",
        questions=f"{RUN}/questions.parquet",
    log:
        f"{LOGS}/identify/{{collection}}/{{run}}.log",
    conda:
        "../../envs/pugmark.yaml"
    resources:
        mem_mb=memory(2000, per_input=4),
        runtime=minutes(30),
    params:
        folder=f"{RESULTS}/{{collection}}/batches",
        settings=ask(SETTINGS.identify),
        code=code("stages.identify"),
    shell:
        "python -m pugmark.stages.identify --pairs={input.pairs:q} --calibration={input.calibration:q}"
        " --split={input.split:q} --folder={params.folder:q} --ledger {input.ledger:q}"
        " --settings={params.settings:q} --out={output.identities:q}"
        " --individuals={output.individuals:q} --questions={output.questions:q} > {log:q} 2>&1"


rule decide:
    input:
        deciding("identities.parquet"),
        deciding("individuals.parquet"),
        deciding("questions.parquet"),
        deciding("pairs.parquet"),
        lambda wildcards: batch_files(wildcards.collection, "encounters.parquet"),
        calibrations=deciding("calibration.parquet"),
        trained=deciding_trained,
        split=rules.split.output[0],
    output:
        expand(
            f"{RESULTS}/{{{{collection}}}}/{{table}}.parquet",
            table=DECIDED,
        ),
    log:
        f"{LOGS}/decide/{{collection}}.log",
    conda:
        "../../envs/pugmark.yaml"
    resources:
        mem_mb=memory(2000, per_input=2),
        runtime=minutes(30),
    params:
        runs=lambda wildcards, input: [
            os.path.dirname(path) for path in input.calibrations
        ],
        folder=f"{RESULTS}/{{collection}}/batches",
        kept=f"{RESULTS}/{{collection}}/names",
        out=lambda wildcards, output: os.path.dirname(output[0]),
        settings=ask(SETTINGS.decide),
        code=code("stages.decide"),
    shell:
        "python -m pugmark.stages.decide --runs {params.runs:q} --trained {input.trained:q} --split={input.split:q}"
        " --folder={params.folder:q} --kept={params.kept:q} --settings={params.settings:q} --out={params.out:q}"
        " > {log:q} 2>&1"


# Asked for by its file: how many answers make how much of a difference.
rule rehearse:
    input:
        lambda wildcards: batch_files(wildcards.collection, "encounters.parquet"),
        pairs=rules.match.output[0],
        calibration=rules.calibrate.output[0],
        split=rules.split.output[0],
        trained=run_trained,
    output:
        f"{RUN}/rehearsal.parquet",
    log:
        f"{LOGS}/rehearse/{{collection}}/{{run}}.log",
    conda:
        "../../envs/pugmark.yaml"
    resources:
        mem_mb=memory(2000, per_input=4),
        runtime=minutes(60),
    params:
        folder=f"{RESULTS}/{{collection}}/batches",
        settings=ask(SETTINGS.identify),
        code=code("stages.rehearse"),
    shell:
        "python -m pugmark.stages.rehearse --pairs={input.pairs:q} --calibration={input.calibration:q}"
        " --split={input.split:q} --folder={params.folder:q} --trained {input.trained:q}"
        " --settings={params.settings:q} --out={output:q} > {log:q} 2>&1"
