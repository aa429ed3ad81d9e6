"""The report page: runs side by side with their pictures, in one HTML file or from a server."""
