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
        settings=ask(SETTINGS.encounter),
        code=code("stages.encounter"),
    shell:
        "python -m pugmark.stages.encounter --crops={input.crops:q} --labels={input.labels:q}"
        " --settings={params.settings:q} --out={output:q} > {log:q} 2>&1"
