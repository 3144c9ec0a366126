# Figures with intervals for every run, and the pages that show them.


def evaluate_settings(wildcards):
    run = run_of(wildcards)
    return PLAN.settings(
        wildcards.collection,
        "evaluate",
        method=run.label,
        seed=run.seed,
        family=run.facts["FAMILY"],
    )


def report_inputs(wildcards):
    files = []
    for name in PLAN.collections:
        base = f"{RESULTS}/{name}"
        tables = ("media", "detections", "masks", "crops", "labels")
        files += [
            f"{base}/batches/{batch}/{table}.parquet"
            for batch in PLAN.batches(name)
            for table in tables
        ]
        results = ("clusters", "metrics", "queries")
        files += [
            f"{base}/runs/{run.name}/{table}.parquet"
            for run in PLAN.runs(name)
            for table in results
        ]
        files.append(f"{base}/split.parquet")
    return files


def report_pictures():
    """The report's pictures, each with the caption that Snakemake's own report shows."""
    pictures = []
    for name in PLAN.collections:
        for file in (
            "leaderboard.svg",
            "curves.svg",
            "strips.jpg",
            "clusters.jpg",
            "masks.jpg",
        ):
            path, caption = (
                f"{RESULTS}/report/{name}/{file}",
                f"../report/{os.path.splitext(file)[0]}.rst",
            )
            pictures.append(in_report(path, caption=caption, category=name))
    return pictures


def report_settings(wildcards):
    collections, used = {}, {}
    for name, spec in PLAN.collections.items():
        runs = []
        for run in PLAN.runs(name):
            facts = run.facts
            used[run.method] = {
                key.lower(): facts[key]
                for key in ("TITLE", "SOURCE", "FAMILY", "LABELS", "PUBLISHED")
            }
            family = facts["FAMILY"]
            runs.append(
                dict(
                    run=run.name,
                    method=run.method,
                    name=run.label,
                    seed=run.seed,
                    family=family,
                    train_on=run.source,
                    model=os.path.relpath(PLAN.model(run), RESULTS),
                )
            )
        collections[name] = {
            "batches": PLAN.batches(name),
            "runs": runs,
            "detector": spec["detect"]["name"],
        }
    return canonical({"collections": collections, "methods": used})


rule evaluate:
    input:
        run_features,
        split=rules.split.output[0],
        clusters=rules.cluster.output[0],
        trained=run_trained,
    output:
        metrics=f"{RUN}/metrics.parquet",
        queries=f"{RUN}/queries.parquet",
    log:
        f"{LOGS}/evaluate/{{collection}}/{{run}}.log",
    benchmark:
        f"{BENCHMARKS}/evaluate/{{collection}}/{{run}}.jsonl"
    conda:
        "../../envs/pugmark.yaml"
    threads: 2
    resources:
        mem_mb=memory(3000, per_input=4),
        runtime=minutes(60),
    params:
        folder=f"{RESULTS}/{{collection}}/batches",
        settings=evaluate_settings,
        code=code("evaluate"),
    shell:
        "python -m pugmark.evaluate --split {input.split:q} --folder {params.folder:q} --run {wildcards.run:q}"
        " --clusters {input.clusters:q} --trained {input.trained:q} --settings {params.settings:q}"
        " --out {output.metrics:q} --queries {output.queries:q} > {log:q} 2>&1"


rule report:
    input:
        report_inputs,
    output:
        f"{RESULTS}/report/index.html",
        f"{RESULTS}/report/resources.html",
        *report_pictures(),
    log:
        f"{LOGS}/report.log",
    conda:
        "../../envs/pugmark.yaml"
    resources:
        mem_mb=memory(3000),
        runtime=minutes(30),
    params:
        results=lambda wildcards: RESULTS,
        folder=lambda wildcards, output: os.path.dirname(output[0]),
        settings=report_settings,
        code=code("report"),
    shell:
        "python -m pugmark.report --results {params.results:q} --settings {params.settings:q}"
        " --out {params.folder:q} > {log:q} 2>&1"
