# From the table of media to crops with labels: once per batch, the same for every method.


rule train_detector:
    input:
        ancient(lambda wildcards: PLAN.detectors.weights(wildcards.detector).values()),
        media=boxes_to_learn("media.parquet"),
        detections=boxes_to_learn("detections.parquet"),
    output:
        model=f"{RESULTS}/detectors/{{detector}}/{{version}}/model.pt",
        metrics=f"{RESULTS}/detectors/{{detector}}/{{version}}/metrics.csv",
    log:
        f"{LOGS}/train_detector/{{detector}}/{{version}}.log",
    benchmark:
        f"{BENCHMARKS}/train_detector/{{detector}}/{{version}}.jsonl"
    conda:
        "../../envs/pugmark.yaml"
    threads: 4
    resources:
        mem_mb=memory(8000),
        runtime=minutes(1440),
        gpu=1,
    params:
        batches=teaching_batches,
        settings=detector_settings,
        weights=lambda wildcards: named(PLAN.detectors.weights(wildcards.detector)),
    shell:
        "python -m pugmark.stages.train_detector {params.batches:q} --settings={params.settings:q}"
        " --weights {params.weights:q} --out={output.model:q} --metrics={output.metrics:q} > {log:q} 2>&1"


rule detect:
    input:
        drawn,
        detector_files,
        boxes_file,
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
        folder=ask(PLAN.folder),
        settings=ask(SETTINGS.detect),
        # Drawn boxes are read from the folder itself.
        listing=media_listing,
        weights=lambda wildcards: named(PLAN.detect_weights(wildcards.collection)),
        code=ask(SETTINGS.detect_code),
    shell:
        "python -m pugmark.stages.detect --batch={params.folder:q} --media={input.media:q} --settings={params.settings:q}"
        " --weights {params.weights:q} --out={output.table:q} --json={output.json:q} > {log:q} 2>&1"


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
        folder=ask(PLAN.folder),
        settings=ask(SETTINGS.mask),
        weights=lambda wildcards: named(PLAN.mask_weights(wildcards.collection)),
        code=code("stages.mask"),
    shell:
        "python -m pugmark.stages.mask --batch={params.folder:q} --media={input.media:q} --detections={input.detections:q}"
        " --settings={params.settings:q} --weights {params.weights:q} --out={output:q} > {log:q} 2>&1"


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
        folder=ask(PLAN.folder),
        settings=ask(SETTINGS.crop),
        code=code("stages.crop"),
    shell:
        "python -m pugmark.stages.crop --batch={params.folder:q} --media={input.media:q} --detections={input.detections:q}"
        " --masks={input.masks:q} --settings={params.settings:q} --out={output:q} > {log:q} 2>&1"


# Asked for only where a re-ranker reads them; the same for every run.
rule keypoints:
    input:
        ancient(lambda wildcards: PLAN.keypoint_weights(wildcards.points).values()),
        crops=rules.crop.output[0],
    output:
        f"{BATCH}/keypoints/{{points}}.parquet",
    log:
        f"{LOGS}/keypoints/{{collection}}/{{batch}}/{{points}}.log",
    cache: SHARED_CACHE
    conda:
        "../../envs/pugmark.yaml"
    resources:
        mem_mb=memory(2000, per_input=2),
        runtime=minutes(60),
        gpu=lambda wildcards: int(bool(PLAN.keypoint_weights(wildcards.points))),
    params:
        settings=ask(SETTINGS.keypoints),
        weights=lambda wildcards: named(PLAN.keypoint_weights(wildcards.points)),
        code=code("stages.keypoints"),
    shell:
        "python -m pugmark.stages.keypoints --crops={input.crops:q} --settings={params.settings:q}"
        " --weights {params.weights:q} --out={output:q} > {log:q} 2>&1"


rule label:
    input:
        drawn,
        labels_apart,
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
        folder=ask(PLAN.folder),
        settings=ask(SETTINGS.label),
        listing=lambda wildcards: PLAN.listing(
            wildcards.collection, wildcards.batch
        ).labels,
        file=labels_argument,
        code=code("stages.label"),
    shell:
        "python -m pugmark.stages.label --batch={params.folder:q} --media={input.media:q} --crops={input.crops:q}"
        " --settings={params.settings:q} {params.file:q} --out={output:q} > {log:q} 2>&1"
