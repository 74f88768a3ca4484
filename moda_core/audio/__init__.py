"""Speech: waveforms and the features that condition the motion model."""
