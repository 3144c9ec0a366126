"""One module for each rule, with the name of the rule: what a job runs."""
