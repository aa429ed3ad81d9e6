start(fileSource());
