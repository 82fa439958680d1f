"""Single notes of instruments that nobody built: sounds by formula, for a data set that needs no
download.

Each is a sum of harmonics whose loudness falls with their number, at a rate that differs from sound
to sound, as do the attack, the decay (of high harmonics faster), the share of even harmonics, and a
vibrato; so some sound like strings that are plucked, some like flutes, some like reeds. Nothing
names the instrument; the class is the note alone.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

OCTAVE = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
NAMES = tuple(f"{note}{octave}" for octave in (4, 5) for note in OCTAVE)  # A4 has 440 Hz
LOWEST = 60  # the MIDI number of the first; that of A4 is 69
HARMONICS = 8
CENTS = 10.0  # how far a note is out of tune at most; a semitone has 100


def play(count: int, rate: int, samples: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Notes drawn at random: (count, samples) in [-1, 1], and which of NAMES each is, (count,)."""

    def between(low: float, high: float, columns: int = 1) -> Tensor:
        return low + (high - low) * torch.rand(count, columns, generator=generator)

    notes = torch.randint(len(NAMES), (count,), generator=generator)
    number = (LOWEST + notes)[:, None] + between(-CENTS, CENTS) / 100
    pitch = 440 * 2 ** ((number - 69) / 12)  # Hz, (count, 1)
    slope, even = between(0.5, 3.0), between(0.0, 1.0).square()
    decay, dulling = 10 ** between(-0.5, 1.0), between(0.0, 2.0)  # a second; and for each harmonic
    attack = 10 ** between(-2.7, -1.0)  # seconds
    swing, speed = between(-0.006, 0.006).clamp(min=0), between(4.0, 7.0)  # half have no vibrato
    begin = between(0.0, 2 * math.pi, HARMONICS)
    time = torch.arange(samples) / rate
    turn = 2 * math.pi * speed
    phase = 2 * math.pi * pitch * (time - swing * torch.cos(turn * time) / turn)
    sound = torch.zeros(count, samples)
    for k in range(1, HARMONICS + 1):
        heard = k * pitch < 0.475 * rate  # a little below what the rate can carry
        loudness = heard * k**-slope * (even if k % 2 == 0 else 1)
        fading = torch.exp(-time * (decay + dulling * (k - 1)))
        sound += loudness * fading * torch.sin(k * phase + begin[:, k - 1 : k])
    length = samples / rate
    sound *= (1 - torch.exp(-time / attack)) * ((length - time) / 0.08).clamp(0, 1)
    loud = sound.abs().amax(1, keepdim=True)
    return sound / loud * between(0.3, 0.9), notes


def pitches(sounds: Tensor, rate: int) -> Tensor:
    """Sounds (N, S) -> the MIDI number of the frequency that is strongest in each, (N,): that of
    its note, since the harmonics above are weaker by how they were made."""
    samples = sounds.shape[1]
    seen = torch.fft.rfft(sounds * torch.hann_window(samples), 4 * samples).abs()
    hertz = seen[:, 1:].argmax(1).add(1) * rate / (4 * samples)
    return 69 + 12 * (hertz / 440).log2()


def in_tune(sounds: Tensor, notes: Tensor, rate: int) -> Tensor:
    """Whether each sound (N, S) is within half a semitone of its note (N,), as `play` gives it."""
    return (pitches(sounds, rate) - LOWEST - notes).abs() <= 0.5
