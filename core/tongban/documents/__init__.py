"""Files on their way in and out: uploads, their types, scanning, links."""
