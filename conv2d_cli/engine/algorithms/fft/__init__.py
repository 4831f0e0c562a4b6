"""Large kernels over few channels by the fast Fourier transform, a block of the image at a time (overlap-save).

Source: A. V. Oppenheim and R. W. Schafer, "Discrete-time signal processing", section 8.7 (overlap-save).
"""
