"""What is different on the page from one kind of media to the next.

A tab asks the module of a checkpoint's kind, which `of` finds, and knows neither the kinds nor the
families; a further kind is a further module here. `chosen` is a checkpoint of that kind, `more` its
settings in ASKED, checked, and `request` the three arguments of a model's `sample`. A module has

    ASKED              what Sample asks for besides the settings of every model: name -> its check
    SILENT             values of these that need not be given, and go without saying
    HALTS              whether Sample may be stopped, with what is there so far as the result
    controls(chosen)   the components for ASKED, by name; None: nothing is chosen
    ways(tab, chosen)  components that say how the result is set on the page of `tab`, by name
    READERS            checks for these, as a link brings them
    shapes(chosen)     both, brought up to date for another checkpoint, which may be of another kind
    making(chosen, request, more)   -> the batch
    grows(chosen)                   -> whether it can be watched
    growing(chosen, request, more)  -> the batch as it grows, then; the last one is the whole
    so_far(more, made)              -> `more` of the request whose result is this unfinished batch
    noted(chosen, more)             -> what became of the settings, where that is a surprise, HTML
    gallery, pieces                 the batch on the page, and from an endpoint
    SAVES                           the ways to keep it as a file, by name: figures.Save
    walk(media, frames)             -> below the frames of a film, HTML
    beside(media, images, names)    -> beside each of a few pictures, HTML
    holdable(part)                  -> a part of a page with pictures that may move, which can be
                                       held still, HTML

and, for the models with `attention`,

    LOOKED             what the tab asks for besides the settings of every model: name -> its check
    look_controls(chosen), look_shapes(chosen)   components for LOOKED, as above
    BUTTON             the name in `texts` of what the button says
    GIVES_PICTURES     whether a picture from the visitor can be looked at
    FILES              the parts of the viewer for a file of its own
    viewer(visible)    -> the component that shows a `whole_view` or what grows towards it
    watch(chosen, made, wanted)             -> those values, one after the other
    finished(chosen, made)                  -> the piece that the settings `made` give
    whole_view(chosen, piece, made, wanted) -> all that the viewer needs of it
    numbers(chosen, piece, made)            -> the .npz file of the weights
    answered(chosen, piece)                 -> for the endpoint: a picture or None, and facts
    look_noted(chosen, made)                -> as `noted`
    named(chosen, piece, place)             -> a place, from 0, in words, HTML
    explorers(chosen, piece, made, at)      -> links to what Explore says of it, HTML
"""

from __future__ import annotations

from types import ModuleType

from aigc.checkpoint import Checkpoint
from aigc.media import ImageMedia, SoundMedia, TextMedia, VideoMedia
from aigc.ui import patches, sequence, sounds, videos

KINDS: dict[str, ModuleType] = {
    ImageMedia.kind: patches, SoundMedia.kind: sounds, VideoMedia.kind: videos,
    TextMedia.kind: sequence,
}  # fmt: skip


def of(chosen: Checkpoint) -> ModuleType:
    """The module for what this checkpoint makes."""
    return KINDS[chosen.media.kind]
