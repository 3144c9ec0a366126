# Figures with intervals for every run, and the pages that show them.


rule evaluate:
    input:
        run_features,
        run_keypoints,
        ancient(lambda wildcards: PLAN.rerank_weights(**wildcards).values()),
        teachers=run_teachers,
        split=rules.split.output[0],
        clusters=run_clusters,
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
        gpu=lambda wildcards: int(bool(PLAN.rerank_weights(**wildcards))),
    params:
        folder=f"{RESULTS}/{{collection}}/batches",
        settings=ask(SETTINGS.evaluate),
        weights=lambda wildcards: named(PLAN.rerank_weights(**wildcards)),
        # The run whose features are read, and its clusters.
        run=lambda wildcards: run_of(wildcards).name,
        clusters=lambda wildcards, input: (
            [f"--clusters={input.clusters}"] if input.clusters else []
        ),
        teachers=teachers_option,
        code=ask(SETTINGS.evaluate_code),
    shell:
        "python -m pugmark.stages.evaluate --split={input.split:q} --folder={params.folder:q} --run={params.run:q}"
        " {params.clusters:q} {params.teachers:q} --trained {input.trained:q} --settings={params.settings:q}"
        " --weights {params.weights:q}"
        " --out={output.metrics:q} --queries={output.queries:q} > {log:q} 2>&1"


rule explain:
    input:
        run_features,
        model=model_file("model.pt"),
        split=rules.split.output[0],
        clusters=rules.cluster.output[0],
    output:
        picture=f"{RUN}/gradcam.jpg",
        layout=f"{RUN}/layout.parquet",
    log:
        f"{LOGS}/explain/{{collection}}/{{run}}.log",
    conda:
        "../../envs/pugmark.yaml"
    resources:
        mem_mb=memory(4000, per_input=4),
        runtime=minutes(30),
    params:
        folder=f"{RESULTS}/{{collection}}/batches",
        settings=ask(SETTINGS.explain),
        code=ask(SETTINGS.explain_code),
    shell:
        "python -m pugmark.stages.explain --model={input.model:q} --split={input.split:q} --folder={params.folder:q}"
        " --run={wildcards.run:q} --clusters={input.clusters:q} --settings={params.settings:q}"
        " --out={output.picture:q} --layout={output.layout:q} > {log:q} 2>&1"


rule report:
    input:
        report_inputs,
    output:
        f"{RESULTS}/report/index.html",
        f"{RESULTS}/report/resources.html",
        *report_pictures(),
        *report_studies(),
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
        settings=ask(SETTINGS.report),
        code=code("stages.report"),
    shell:
        "python -m pugmark.stages.report --results={params.results:q} --settings={params.settings:q}"
        " --out={params.folder:q} > {log:q} 2>&1"
