"""All commands of `svco prepare`."""

from shard_runner.cli.exits import OneLineGroup

from svco.preparing.exporting import export_command
from svco.preparing.hub_datasets import dataset_command
from svco.preparing.mining import mirror_command, occlusion_command, world_command
from svco.preparing.ranking import rank_command
from svco.preparing.releases import countercurate_command, finecops_command
from svco.preparing.rewriting import diversify_command

prepare_group = OneLineGroup(
    "prepare",
    help="""Make pairs for --data: MVC JSON from what you have.

MVC JSON is a list of pairs, with images relative to --images of `svco run` (by default the folder of the file):

\b
  [{"system_prompt": "", "instruction_prompt": "Where is the dog?", "category": "left_right",
    "chosen_images": ["a.jpg"], "chosen_response": "It is left of the sofa.",
    "rejected_images": ["b.png"], "rejected_response": "It is right of the sofa."}]

Every command tells how many pairs it kept and refused, and writes refused rows with their reasons beside its file
(mvc.refused.json). It overwrites nothing but its own output.""",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
for command in (
    countercurate_command,
    finecops_command,
    dataset_command,
    occlusion_command,
    world_command,
    mirror_command,
    diversify_command,
    rank_command,
    export_command,
):
    prepare_group.add_command(command)
