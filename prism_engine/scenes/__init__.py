"""PrismScenes: a synthetic benchmark of scenes, pictures, descriptions and questions generated from a seed."""

from prism_engine.scenes.preview import MAX_PICTURES, contact_sheet
from prism_engine.scenes.questions import FAMILIES, KINDS, Question, drawn_question
from prism_engine.scenes.render import render
from prism_engine.scenes.scene import PLACES, Scene, Thing, drawn_scene
from prism_engine.scenes.table import write_benchmark
from prism_engine.scenes.words import description, read_description, sentence

__all__ = [
    "FAMILIES",
    "KINDS",
    "MAX_PICTURES",
    "PLACES",
    "Question",
    "Scene",
    "Thing",
    "contact_sheet",
    "description",
    "drawn_question",
    "drawn_scene",
    "read_description",
    "render",
    "sentence",
    "write_benchmark",
]
