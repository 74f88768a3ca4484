"""MoDA's motion transformer: three stages of multi-modal fusion, from coarse to fine."""
