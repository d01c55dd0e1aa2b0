import click


@click.command("study")
def study_command(): ...
