# From a folder of media to crops with labels: once per batch, the same for every method.


# The login node has the network, and its file system is the only one that a link need cross.
localrules:
    fetch,


rule fetch:
    output:
        f"{RESULTS}/weights/{{checksum}}/{{file}}",
    log:
        f"{LOGS}/fetch/{{checksum}}/{{file}}.log",
    conda:
        "../../envs/pugmark.yaml"
    params:
        settings=lambda wildcards, output: canonical(PLAN.manifest.entry(output[0])),
    shell:
        "python -m pugmark.stages.fetch --settings {params.settings:q} --out {output:q} > {log:q} 2>&1"


rule synthesise:
    output:
        batch=directory(f"{RESULTS}/{{collection}}/survey/{{batch}}"),
        truth=directory(f"{RESULTS}/{{collection}}/truth/{{batch}}"),
    log:
        f"{LOGS}/synthesise/{{collection}}/{{batch}}.log",
    conda:
        "../../envs/pugmark.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        settings=lambda wildcards: PLAN.drawing(wildcards.collection),
        code=code("stages.synthesise"),
        number=lambda wildcards: wildcards.batch.rsplit("_", 1)[1],
    shell:
        "python -m pugmark.stages.synthesise --batch {params.number} --settings {params.settings:q}"
        " --out {output.batch:q} --truth {output.truth:q} > {log:q} 2>&1"


rule ingest:
    input:
        drawn,
    output:
        f"{WHOLE_BATCH}/media.parquet",
    log:
        f"{LOGS}/ingest/{{collection}}/{{batch}}.log",
    conda:
        "../../envs/pugmark.yaml"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(60),
    params:
        folder=batch_folder,
        settings=settings_of("ingest", labels=PLAN.sidecar),
        listing=media_listing,
        stamp=cache_stamp,
        code=code("stages.ingest"),
    shell:
        "python -m pugmark.stages.ingest --batch {params.folder:q} --settings {params.settings:q}"
        " --out {output:q} > {log:q} 2>&1"


rule shard:
    input:
        f"{BATCH}/media.parquet",
    output:
        f"{BATCH}.{{number}}of{{shards}}/media.parquet",
    log:
        f"{LOGS}/shard/{{collection}}/{{batch}}.{{number}}of{{shards}}.log",
    conda:
        "../../envs/pugmark.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        code=code("stages.shard"),
    shell:
        "python -m pugmark.stages.shard --media {input:q} --number {wildcards.number} --shards {wildcards.shards}"
        " --out {output:q} > {log:q} 2>&1"


rule detect:
    input:
        drawn,
        ancient(lambda wildcards: PLAN.detect_weights(wildcards.collection).values()),
        detector_sidecar,
        media=f"{BATCH}/media.parquet",
    output:
        table=f"{BATCH}/detections.parquet",
        json=f"{BATCH}/detections.json",
    log:
        f"{LOGS}/detect/{{collection}}/{{batch}}.log",
    benchmark:
        f"{BENCHMARKS}/detect/{{collection}}/{{batch}}.jsonl"
    cache: SHARED_CACHE
    conda:
        "../../envs/pugmark.yaml"
    threads: 2
    resources:
        mem_mb=memory(3000, per_input=2),
        runtime=minutes(120),
        gpu=lambda wildcards: int(bool(PLAN.detect_weights(wildcards.collection))),
    params:
        folder=batch_folder,
        settings=detector_settings,
        weights=lambda wildcards: named(PLAN.detect_weights(wildcards.collection)),
        code=detector_code,
    shell:
        "python -m pugmark.stages.detect --batch {params.folder:q} --media {input.media:q} --settings {params.settings:q}"
        " --weights {params.weights:q} --out {output.table:q} --json {output.json:q} > {log:q} 2>&1"


rule mask:
    input:
        drawn,
        ancient(lambda wildcards: PLAN.mask_weights(wildcards.collection).values()),
        media=f"{BATCH}/media.parquet",
        detections=rules.detect.output.table,
    output:
        f"{BATCH}/masks.parquet",
    log:
        f"{LOGS}/mask/{{collection}}/{{batch}}.log",
    benchmark:
        f"{BENCHMARKS}/mask/{{collection}}/{{batch}}.jsonl"
    cache: SHARED_CACHE
    conda:
        "../../envs/pugmark.yaml"
    threads: 2
    resources:
        mem_mb=memory(3000, per_input=2),
        runtime=minutes(240),
        # IS-Net runs on the processor.
        gpu=lambda wildcards: int(
            bool(PLAN.collections[wildcards.collection]["mask"].get("sam"))
        ),
    params:
        folder=batch_folder,
        settings=mask_settings,
        weights=lambda wildcards: named(PLAN.mask_weights(wildcards.collection)),
        code=code("stages.mask"),
    shell:
        "python -m pugmark.stages.mask --batch {params.folder:q} --media {input.media:q} --detections {input.detections:q}"
        " --settings {params.settings:q} --weights {params.weights:q} --out {output:q} > {log:q} 2>&1"


rule crop:
    input:
        drawn,
        media=f"{BATCH}/media.parquet",
        detections=rules.detect.output.table,
        masks=rules.mask.output[0],
    output:
        f"{BATCH}/crops.parquet",
    log:
        f"{LOGS}/crop/{{collection}}/{{batch}}.log",
    cache: SHARED_CACHE
    conda:
        "../../envs/pugmark.yaml"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(60),
    params:
        folder=batch_folder,
        settings=settings_of("crop"),
        code=code("stages.crop"),
    shell:
        "python -m pugmark.stages.crop --batch {params.folder:q} --media {input.media:q} --detections {input.detections:q}"
        " --masks {input.masks:q} --settings {params.settings:q} --out {output:q} > {log:q} 2>&1"


rule label:
    input:
        drawn,
        drawn_truth,
        separate_labels,
        media=f"{BATCH}/media.parquet",
        crops=rules.crop.output[0],
    output:
        f"{BATCH}/labels.parquet",
    log:
        f"{LOGS}/label/{{collection}}/{{batch}}.log",
    conda:
        "../../envs/pugmark.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        folder=batch_folder,
        settings=settings_of("label", labels=PLAN.sidecar),
        listing=label_listing,
        file=labels_argument,
        code=code("stages.label"),
    shell:
        "python -m pugmark.stages.label --batch {params.folder:q} --media {input.media:q} --crops {input.crops:q}"
        " --settings {params.settings:q} {params.file:q} --out {output:q} > {log:q} 2>&1"
