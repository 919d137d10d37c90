"""FastPitch with a BigVGAN vocoder: mel spectra in parallel from letters, and sound from the spectra."""
