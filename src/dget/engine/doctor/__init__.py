"""What keeps a pull from working: each check a small step, each step a finding."""

from dget.engine.doctor.examine import Patient, examine
from dget.engine.doctor.finding import Diagnosis, Finding, Grade

__all__ = ["Diagnosis", "Finding", "Grade", "Patient", "examine"]
