from snakemake.utils import min_version

min_version("9.19")


# A file given with --configfile stands alone; it is not laid over the demo.
if "collections" not in config:

    configfile: "config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/inputs.smk"
include: "workflow/rules/progress.smk"
include: "workflow/rules/obtain.smk"
include: "workflow/rules/prepare.smk"
include: "workflow/rules/learn.smk"
include: "workflow/rules/recognise.smk"
include: "workflow/rules/identify.smk"
include: "workflow/rules/review.smk"
include: "workflow/rules/export.smk"
include: "workflow/rules/assess.smk"


rule all:
    default_target: True
    input:
        rules.report.output,
