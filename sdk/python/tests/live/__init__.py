"""Tests of the real program, as a user meets it; a package, so that its fixtures do not hide those beside it."""
